"""What a model is run with: the presets' table, and what the configuration changes of it."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..base import FALLBACKS, RendererError

DEFAULT_MEMORY_GB = 16.0
QUALITIES = ("draft", "standard", "high")
SAFE_SUFFIX = ".safetensors"
PARTS = ("upsampler", "adapter", "controlnet", "ip_adapter")
"""Weights of a model's family besides its pipeline."""
SETTINGS = (
    *("model", "revision", "weights", "variant", *PARTS, "loras", "camera_loras"),
    *("device", "dtype", "memory_gb", "offload", "vae_tiling", "vae_slicing", "quantization"),
    *("compile", "presets", "rife", "motion_guard"),
)
"""All that can be set, as ``config.schema.json`` explains it."""


@dataclass(frozen=True, slots=True)
class WeightSource:
    """Where weights come from: a folder, a file, a repository of the hub, or a file in one.

    Attributes:
        model: absolute path of a folder or a file, or ``owner/name`` of a repository.
        revision: commit, tag or branch of the repository.
        file: path of the file in the repository, where a single one is meant.
    """

    model: str
    revision: str | None = None
    file: str | None = None

    @property
    def path(self) -> Path | None:
        """The folder or file on this machine; None for a repository of the hub."""
        return Path(self.model) if Path(self.model).is_absolute() else None

    def __str__(self) -> str:
        name = self.model if self.file is None else f"{self.model}/{self.file}"
        return name if self.revision is None else f"{name}@{self.revision}"


@dataclass(frozen=True, slots=True)
class ModelPreset:
    """How a model is run at one quality. The fields are explained in ``presets.toml``."""

    steps: int
    guidance: float
    max_pixels: int
    frames: int
    fps: float
    overlap: int = 0
    strength: float = 1.0
    crf: int = 0
    noise: float = 0.0
    guide: float = 0.0
    timesteps: tuple[float, ...] = ()
    refine: tuple[float, ...] = ()
    decode_timestep: float = 0.0
    decode_noise: float = 0.0
    interpolation: str = "rife"


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA of the configuration, worn by every shot."""

    source: WeightSource
    weight: float


@dataclass(frozen=True, slots=True)
class ModelSetup:
    """What a renderer runs; see ``renderers`` in ``config.schema.json``.

    Attributes:
        renderer, quality: whose setup this is.
        model: the pipeline.
        weights: a single file that takes the place of the model's denoiser, and of its VAE where it
            holds one.
        parts: further weights of the model's family, by name (``upsampler``, ``adapter``,
            ``controlnet``, ``ip_adapter``).
        camera_loras: by camera move.
        offload: ``auto``, ``none``, ``model``, ``group`` or ``sequential``.
        quantization: ``none``, ``fp8`` (layerwise casting) or ``int8`` (torchao).
    """

    renderer: str
    quality: str
    model: WeightSource
    weights: WeightSource | None
    variant: str | None
    parts: Mapping[str, WeightSource]
    loras: tuple[Adapter, ...]
    camera_loras: Mapping[str, WeightSource]
    device: str
    dtype: str | None
    memory_gb: float | None
    offload: str
    vae_tiling: bool | None
    vae_slicing: bool
    quantization: str
    compile: bool
    preset: ModelPreset

    @property
    def budget_gb(self) -> float:
        """Memory to plan for; what the card lacks of it is taken off later."""
        return self.memory_gb or DEFAULT_MEMORY_GB

    @property
    def sources(self) -> tuple[WeightSource, ...]:
        """Everything that must be on the machine."""
        found = [self.model, *self.parts.values(), *self.camera_loras.values()]
        found += [lora.source for lora in self.loras]
        return tuple(found if self.weights is None else [*found, self.weights])


@functools.cache
def table() -> Mapping[str, Any]:
    """The presets' table, as read."""
    text = files(__package__).joinpath("presets.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def setup_of(renderer: str, settings: Mapping[str, Any], quality: str) -> ModelSetup:
    """The setup of a renderer from its settings in the configuration.

    Raises:
        RendererError: a setting is wrong.
    """
    for name in settings.keys() - {*SETTINGS, FALLBACKS}:
        close = difflib.get_close_matches(name, SETTINGS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(SETTINGS)}"
        raise RendererError(f"there is no setting {name!r}; {hint}")
    for each, changes in settings.get("presets", {}).items():
        preset_of(renderer, each, changes)
    defaults = table()[renderer]["weights"]
    own_model = "model" in settings
    model = source_of(settings.get("model", defaults["model"]))
    if "revision" in settings:
        model = replace(model, revision=str(settings["revision"]))
    # Default weights belong over the default layout, and nowhere else.
    weights = settings.get("weights", None if own_model else defaults.get("weights"))
    parts = {
        name: source_of(settings.get(name, defaults.get(name)))
        for name in PARTS
        if settings.get(name, defaults.get(name)) is not None
    }
    preset = preset_of(renderer, quality, settings.get("presets", {}).get(quality, {}))
    if not preset.refine:
        parts.pop("upsampler", None)
    single = None if weights is None else source_of(weights)
    made = ModelSetup(
        renderer=renderer,
        quality=quality,
        model=model,
        weights=single,
        variant=settings.get("variant", None if own_model else defaults.get("variant")),
        parts=parts,
        loras=tuple(
            Adapter(source_of(entry), float(entry.get("weight", 1.0)))
            for entry in settings.get("loras", ())
        ),
        camera_loras=_camera_loras(renderer, settings.get("camera_loras", {})),
        device=settings.get("device", "auto"),
        dtype=settings.get("dtype"),
        memory_gb=settings.get("memory_gb"),
        offload=settings.get("offload", "auto"),
        vae_tiling=settings.get("vae_tiling"),
        vae_slicing=settings.get("vae_slicing", True),
        quantization=settings.get("quantization", "none"),
        compile=settings.get("compile", False),
        preset=preset,
    )
    for source in made.sources:
        refuse_pickle(source.file or source.model)
    return made


def origin_of(renderer: str, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a timeline says of the model behind a renderer; None for one without a model.

    Returns:
        ``renderer``, ``model``, and of a default model ``licence`` and ``tells_viewers``: whether
        its licence asks for viewers to be told that they see what a machine made.

    Raises:
        RendererError: a setting is wrong.
    """
    if renderer not in table():
        return None
    setup = setup_of(renderer, settings, "standard")
    defaults = table()[renderer]["weights"] if "model" not in settings else {}
    return {
        "renderer": renderer,
        "model": str(setup.model),
        "weights": None if setup.weights is None else str(setup.weights),
        "licence": defaults.get("licence"),
        "tells_viewers": defaults.get("tells_viewers"),
    }


def _camera_loras(renderer: str, value: Any) -> Mapping[str, WeightSource]:
    if value == "published":
        value = table()[renderer].get("camera_loras")
    if not isinstance(value, Mapping):
        raise RendererError(f"camera_loras: there are no published ones for {renderer}")
    return {move: source_of(entry) for move, entry in value.items()}


def source_of(value: Any) -> WeightSource:
    """A source as the configuration has it: a name, or a mapping with ``model``, ``revision``.

    ``owner/name/path/x.safetensors`` is a file in a repository.

    Raises:
        RendererError: it is neither.
    """
    if isinstance(value, Mapping):
        found = source_of(value.get("model", value.get("path")))
        revision = value.get("revision", found.revision)
        return replace(found, revision=revision, file=value.get("file", found.file))
    if not isinstance(value, str) or not value:
        raise RendererError(f"{value!r} is no folder, no file and no model of the hub")
    if Path(value).is_absolute():
        return WeightSource(value)
    owner, _, rest = value.partition("/")
    name, _, file = rest.partition("/")
    if not name:
        raise RendererError(f"{value!r} is no model of the hub: it is not OWNER/NAME")
    return WeightSource(f"{owner}/{name}", file=file or None)


def refuse_pickle(name: str) -> None:
    """Raise for a weights' file of a format that can hold a program.

    Raises:
        RendererError: it is one.
    """
    suffix = Path(name).suffix.lower()
    if suffix in (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"):
        raise RendererError(
            f"{name}: a {suffix} file is a pickle, which can run any program when it is loaded; "
            "use .safetensors"
        )


def preset_of(renderer: str, quality: str, changes: Mapping[str, Any]) -> ModelPreset:
    """A preset of the table, with fields changed.

    Raises:
        RendererError: there is no such field, or a value is of another kind.
    """
    rows = table()[renderer]
    row = {**rows["common"], **rows[quality]}
    known = {field.name: field for field in fields(ModelPreset)}
    for name, value in changes.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise RendererError(f"presets.{quality}: there is no field {name!r}; {hint}")
        is_list = known[name].type == "tuple[float, ...]"
        kinds = (list, tuple) if is_list else (str,) if name == "interpolation" else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise RendererError(f"presets.{quality}.{name}: {value!r} is no value for it")
        row[name] = value
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, (list, tuple)) else value
        for name, value in row.items()
    }
    return ModelPreset(**values)
