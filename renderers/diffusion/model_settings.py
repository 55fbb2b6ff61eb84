"""The setup of a model: the presets' table, with the changes of the configuration."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..base import FALLBACKS, RendererError
from .presets import ModelPreset, model_preset, model_table
from .prompt import STYLES
from .weight_source import WeightSource, parse_source, reject_pickle

PARTS = ("upsampler", "adapter", "controlnet", "ip_adapter", "weights_2")
"""Weights of a model's family besides its pipeline."""
SETTINGS = (
    *("model", "revision", "weights", "variant", *PARTS, "loras", "camera_loras"),
    *("device", "dtype", "memory_gb", "offload", "vae_slicing", "quantization"),
    *("compile", "presets", "prompt_style", "prompt_model", "rife", "motion_guard"),
)
"""All settings; ``config.schema.json`` explains them."""


@dataclass(frozen=True, slots=True)
class SetupLora:
    """A LoRA of the configuration, applied to every shot.

    Attributes:
        source: its file.
        weight: 1 is full strength.
        expert: ``high`` or ``low``, for one expert of Wan 2.2 A14B; None for all.
    """

    source: WeightSource
    weight: float
    expert: str | None = None


@dataclass(frozen=True, slots=True)
class ModelSetup:
    """A renderer's model and how to run it; see ``renderers`` in ``config.schema.json``.

    Attributes:
        renderer, quality: of this setup.
        model: the pipeline.
        weights: a single file that replaces the model's denoiser, and its VAE if it has one.
        parts: further weights of the model's family, by name, as in `PARTS`; ``weights_2`` is a
            single file that replaces its second denoiser.
        camera_loras: by camera move.
        device: ``auto``, ``cuda``, ``xpu``, ``mps`` or ``cpu``.
        memory_gb: limit of VRAM; None for what the device has free.
        offload: ``auto``, ``none``, ``model`` or ``group``.
        quantization: ``none``, ``fp8`` (layerwise casting) or ``int8`` (torchao).
        prompt_style: ``described`` or ``plain``.
        prompt_model: a language model that rewrites described prompts; or None.
    """

    renderer: str
    quality: str
    model: WeightSource
    weights: WeightSource | None
    variant: str | None
    parts: Mapping[str, WeightSource]
    loras: tuple[SetupLora, ...]
    camera_loras: Mapping[str, WeightSource]
    device: str
    dtype: str | None
    memory_gb: float | None
    offload: str
    vae_slicing: bool
    quantization: str
    compile: bool
    preset: ModelPreset
    prompt_style: str = STYLES[0]
    prompt_model: WeightSource | None = None

    @property
    def sources(self) -> tuple[WeightSource, ...]:
        """All weights, those of a language model last."""
        sources = [self.model, *self.parts.values(), *self.camera_loras.values()]
        sources += [lora.source for lora in self.loras]
        single = (self.weights, self.prompt_model)
        return (*sources, *(source for source in single if source is not None))


def model_setup(renderer: str, settings: Mapping[str, Any], quality: str) -> ModelSetup:
    """Return the setup of a renderer from its settings in the configuration.

    Raises:
        RendererError: a setting is wrong.
    """
    for name in settings.keys() - {*SETTINGS, FALLBACKS}:
        close = difflib.get_close_matches(name, SETTINGS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(SETTINGS)}"
        raise RendererError(f"{name!r} is not a setting; {hint}")
    for each, changes in settings.get("presets", {}).items():
        model_preset(renderer, each, changes)
    defaults = model_table()[renderer]["weights"]
    own_model = "model" in settings
    model = parse_source(settings.get("model", defaults["model"]))
    if "revision" in settings:
        model = replace(model, revision=str(settings["revision"]))
    # The default single file matches the default model's layout only.
    weights = settings.get("weights", None if own_model else defaults.get("weights"))
    parts = {
        name: parse_source(settings.get(name, defaults.get(name)))
        for name in PARTS
        if settings.get(name, defaults.get(name)) is not None
    }
    limit = settings.get("memory_gb", "auto")
    preset = model_preset(renderer, quality, settings.get("presets", {}).get(quality, {}))
    if not preset.refine:
        parts.pop("upsampler", None)
    setup = ModelSetup(
        renderer=renderer,
        quality=quality,
        model=model,
        weights=None if weights is None else parse_source(weights),
        variant=settings.get("variant", None if own_model else defaults.get("variant")),
        parts=parts,
        loras=tuple(
            SetupLora(parse_source(entry), float(entry.get("weight", 1.0)), entry.get("expert"))
            for entry in settings.get("loras", ())
        ),
        camera_loras=_camera_loras(renderer, settings.get("camera_loras", {})),
        device=settings.get("device", "auto"),
        dtype=settings.get("dtype"),
        memory_gb=None if limit == "auto" else float(limit),
        offload=settings.get("offload", "auto"),
        vae_slicing=settings.get("vae_slicing", True),
        quantization=settings.get("quantization", "none"),
        compile=settings.get("compile", False),
        preset=preset,
        prompt_style=settings.get("prompt_style", STYLES[0]),
        prompt_model=parse_source(settings["prompt_model"]) if "prompt_model" in settings else None,
    )
    if setup.prompt_style not in STYLES:
        raise RendererError(f"prompt_style: {setup.prompt_style!r} is not described or plain")
    if setup.prompt_model is not None and setup.prompt_style != "described":
        raise RendererError("prompt_model: it writes described prompts; leave out prompt_style")
    for source in setup.sources:
        reject_pickle(source.file or source.model)
    return setup


def model_origin(renderer: str, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a timeline's entry about the model of a renderer; None for one without a model.

    Returns:
        ``renderer``, ``model``, ``weights``, and for a default model ``licence`` and
        ``tells_viewers``: whether its licence requires telling viewers that the video is
        AI-generated.

    Raises:
        RendererError: a setting is wrong.
    """
    if renderer not in model_table():
        return None
    setup = model_setup(renderer, settings, "standard")
    defaults = model_table()[renderer]["weights"] if "model" not in settings else {}
    return {
        "renderer": renderer,
        "model": str(setup.model),
        "weights": None if setup.weights is None else str(setup.weights),
        "licence": defaults.get("licence"),
        "tells_viewers": defaults.get("tells_viewers"),
    }


def _camera_loras(renderer: str, value: Any) -> Mapping[str, WeightSource]:
    if value == "published":
        value = model_table()[renderer].get("camera_loras")
    if not isinstance(value, Mapping):
        raise RendererError(f"camera_loras: there are no published ones for {renderer}")
    return {move: parse_source(entry) for move, entry in value.items()}
