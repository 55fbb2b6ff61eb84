"""What a machine does, apart from what a script says: ``video_config.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError, Problem
from .folders import config_folder
from .schema_check import check_schema
from .yaml_source import Source, read_yaml

FILE_NAME = "video_config.yaml"


@dataclass(frozen=True, slots=True)
class Encoder:
    """How video is encoded: see ``config.schema.json``."""

    codec: str = "h264"
    preset: str = "veryfast"
    crf: int = 18


@dataclass(frozen=True, slots=True)
class Config:
    """The machine's configuration, defaults filled in.

    Attributes:
        source: the file that it was read from; None where there is none.
    """

    encoder: Encoder = Encoder()
    workers: int | Literal["auto"] = "auto"
    renderers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: Source | None = field(default=None, compare=False, repr=False)

    def problem(self, renderer: str, what: str) -> Problem:
        """What is wrong with a renderer's settings, at their place in the file."""
        if self.source is None:
            return Problem("", 0, 0, f"renderers.{renderer}", what)
        return self.source.problem(("renderers", renderer), what)


def load_config(explicit: Path | None, beside: Path | None) -> Config:
    """The configuration that is named, else the one beside a file, else the user's, else none.

    Raises:
        InputError: the named file is missing, or the one that is found is wrong.
    """
    path = explicit or _find(beside)
    if path is None:
        return Config()
    if not path.is_file():
        raise InputError(Problem(str(path), 0, 0, "--config", "no such file"))
    source = read_yaml(path, str(path))
    problems = check_schema(source, "config")
    if problems:
        raise InputError(problems)
    data: Any = source.data
    return Config(
        encoder=Encoder(**data.get("encoder", {})),
        workers=data.get("workers", "auto"),
        renderers=_settings(data.get("renderers") or {}, path.absolute().parent),
        source=source,
    )


def _settings(value: Any, folder: Path) -> Any:
    """Settings as renderers and recipes hold them: plain numbers, and absolute paths for those that
    begin with ``./``, ``../`` or ``~``. Other names without a root are the hub's."""
    if isinstance(value, Mapping):
        return {key: _settings(entry, folder) for key, entry in value.items()}
    if isinstance(value, list):
        return [_settings(entry, folder) for entry in value]
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, str) and value.startswith("~/"):
        return str(Path(value).expanduser())
    if isinstance(value, str) and value.startswith(("./", "../")):
        return str((folder / value).resolve())
    return value


def _find(beside: Path | None) -> Path | None:
    places = [beside.parent / FILE_NAME] if beside else []
    places.append(config_folder() / FILE_NAME)
    return next((place for place in places if place.is_file()), None)
