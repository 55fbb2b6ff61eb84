"""The configuration file ``video_config.yaml``: encoder, workers, renderers' settings, signing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from ...renderers.files.user_folders import config_folder
from ..errors import InputError, Place, Problem
from ..files.exists import is_file
from ..files.file_urls import begins_with
from .model import Quality
from .schema_check import check_schema
from .yaml_source import KeyPath, YamlSource, format_path, read_yaml

FILE_NAME = "video_config.yaml"
USUAL_PRESET, DRAFT_PRESET = "veryfast", "superfast"
"""x264 presets of reels, and of drafts."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """Encoder settings: see ``config.schema.json``."""

    codec: str = "h264"
    preset: str = USUAL_PRESET
    crf: int = 18

    def of(self, quality: Quality) -> Encoder:
        """Return the settings for a quality: a faster preset for drafts, unless one is configured.

        x264 writes the same headers with both presets, so drafts are copied into the reel, too.
        """
        is_faster = quality == "draft" and self.preset == USUAL_PRESET
        return replace(self, preset=DRAFT_PRESET) if is_faster else self


@dataclass(frozen=True, slots=True)
class OutputPreset:
    """A preset of finished videos: see ``config.schema.json``. None is the codec's default."""

    codec: str
    speed: str = ""
    crf: int | None = None
    hardware: str = "none"
    max_mb: float | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    reframe: Literal["centre", "salient"] | None = None
    height: int | None = None
    fps: int | None = None


BUILT_IN = {name: OutputPreset(name) for name in ("h264", "hevc", "av1", "prores", "gif", "webp")}
"""The built-in presets."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Signing of finished videos: see ``config.schema.json``. Paths are absolute."""

    sign: bool = False
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of a machine, with defaults filled in.

    Attributes:
        encoder: of rendered media, and of a reel without a preset.
        preset: the name of the default preset; empty for none.
        presets: by name, with the built-in ones.
        linear_light: whether transitions blend in linear light.
        expressions: custom transitions, by name.
        workers: slots rendered at a time.
        renderers: settings by renderer.
        alignment: ``model`` and ``device`` of the speech model that aligns words.
        provenance: signing of finished videos.
        source: the file, for messages; None without one.
    """

    encoder: Encoder = Encoder()
    preset: str = ""
    presets: Mapping[str, OutputPreset] = field(default_factory=lambda: dict(BUILT_IN))
    linear_light: bool = False
    expressions: Mapping[str, str] = field(default_factory=dict)
    workers: int | Literal["auto"] = "auto"
    renderers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    alignment: Mapping[str, str] = field(default_factory=dict)
    provenance: Provenance = Provenance()
    source: YamlSource | None = field(default=None, compare=False, repr=False)

    def problem(self, path: KeyPath, what: str, hint: str = "", *, at_key: bool = False) -> Problem:
        """Return a problem with a value or a key, at its place in the file."""
        if self.source is None:
            return Problem.at(Place(where=format_path(path)), what, hint)
        return self.source.problem(path, what, hint, at_key=at_key)


def load_config(explicit: Path | None, beside: Path | None) -> Config:
    """Read the explicit configuration, else the one beside a file, else the user's, else defaults.

    Raises:
        InputError: the explicit file is missing, or the file that applies is invalid.
    """
    path = explicit or _find(beside)
    if path is None:
        return Config()
    if not is_file(path):
        raise InputError(Problem.in_file(path, "no such file", where="--config"))
    source = read_yaml(path, str(path), may_be_empty=True)
    problems = check_schema(source, "config")
    if problems:
        raise InputError(problems)
    data: Any = source.data
    presets = {**BUILT_IN, **{k: _preset(v) for k, v in (data.get("presets") or {}).items()}}
    mixing = data.get("transitions") or {}
    return Config(
        encoder=Encoder(**data.get("encoder", {})),
        preset=data.get("preset", ""),
        presets=presets,
        linear_light=mixing.get("light") == "linear",
        expressions=mixing.get("expressions") or {},
        workers=data.get("workers", "auto"),
        renderers=_settings(data.get("renderers") or {}, path.absolute().parent),
        alignment=_settings(data.get("alignment") or {}, path.absolute().parent),
        provenance=_provenance(data.get("provenance") or {}, path.absolute().parent),
        source=source,
    )


def _settings(value: Any, folder: Path) -> Any:
    """Return settings with floats, and with absolute paths for ``./``, ``../`` and ``~``.

    Other relative names are repositories of the hub.
    """
    if isinstance(value, Mapping):
        return {key: _settings(entry, folder) for key, entry in value.items()}
    if isinstance(value, list):
        return [_settings(entry, folder) for entry in value]
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, str) and begins_with(value, ("~",)):
        return str(Path(value).expanduser())
    if isinstance(value, str) and begins_with(value, (".", "..")):
        return str((folder / value).resolve())
    return value


def _provenance(data: Mapping[str, Any], folder: Path) -> Provenance:
    files = {
        name: folder / Path(data[name]).expanduser()
        for name in ("certificate", "key")
        if name in data
    }
    return Provenance(bool(data.get("sign")), **files)


def _preset(data: Mapping[str, Any]) -> OutputPreset:
    values = dict(data)
    if "speed" in values:
        values["speed"] = str(values["speed"])
    if "max_mb" in values:
        values["max_mb"] = float(values["max_mb"])
    if "sizes" in values:
        values["sizes"] = tuple(size_of(size) for size in values["sizes"])
    return OutputPreset(**values)


def size_of(text: str) -> tuple[int, int]:
    """Parse ``WIDTHxHEIGHT``.

    >>> size_of("1080x1920")
    (1080, 1920)
    """
    width, height = text.split("x")
    return int(width), int(height)


def places_of(script: Path) -> list[Path]:
    """Return where the configuration of a script may be, the first choice first."""
    return [script.parent / FILE_NAME, config_folder() / FILE_NAME]


def _find(beside: Path | None) -> Path | None:
    places = places_of(beside) if beside else [config_folder() / FILE_NAME]
    return next((place for place in places if is_file(place)), None)
