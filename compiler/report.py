"""The report of a run (``schemas/report.schema.json``)."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..renderers.run.attempts import AttemptLog
from .errors import WorkError
from .media.find_ffmpeg import ffmpeg_version
from .notices import Notice
from .sync.types import Word

REPORT_VERSION = 1
PACKAGES = (
    "otio-gvideo",
    "opentimelineio",
    "av",
    "numpy",
    "opencv-python-headless",
)


def versions() -> dict[str, str]:
    """Return the versions of Python, ffmpeg and the packages that affect the result."""
    found = {"python": platform.python_version(), "ffmpeg": ffmpeg_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class SceneReport:
    """The frames of a scene, and its exact cut.

    Attributes:
        id: of the scene.
        cut_frame: its first frame in the reel.
        end_frame: the frame after its last.
        meant: the cut before rounding to a frame, in seconds of the reel.
        confidence: probability that the cut lies in its pause, 0..1; None if unknown.
        words: in seconds of the reel, with their confidence.
    """

    id: str
    cut_frame: int
    end_frame: int
    meant: Fraction
    confidence: Fraction | None = None
    words: tuple[Word, ...] = ()

    def as_json(self, fps: Fraction) -> dict[str, Any]:
        """Return its part of the report."""
        return {
            "id": self.id,
            "cut_frame": self.cut_frame,
            "end_frame": self.end_frame,
            "meant_s": round(float(self.meant), 6),
            "error_ms": round(float((self.cut_frame / fps - self.meant) * 1000), 3),
            "confidence": _number(self.confidence),
            "words": [
                {
                    "text": word.text,
                    "start_s": round(float(word.start), 6),
                    "confidence": _number(word.confidence),
                }
                for word in self.words
            ],
        }


def _number(probability: Fraction | None) -> float | None:
    return None if probability is None else float(probability)


@dataclass(frozen=True, slots=True)
class SlotReport:
    """The media of a slot.

    Attributes:
        name: of the slot.
        renderer: that the recipe names.
        key: of the recipe.
        media: the video file.
        reused: whether it was a cache hit.
        seconds: that rendering took.
        made: the attempts of a model; None for a renderer without one.
    """

    name: str
    renderer: str
    key: str
    media: Path
    reused: bool
    seconds: float
    made: AttemptLog | None = None

    def as_json(self) -> dict[str, Any]:
        """Return its part of the report."""
        return {
            "name": self.name,
            "renderer": self.renderer,
            "key": self.key,
            "media": str(self.media),
            "reused": self.reused,
            "seconds": round(self.seconds, 3),
            "made": self.made and self.made.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Loudness:
    """EBU R 128: integrated loudness in LUFS, true peak in dBTP."""

    integrated_lufs: float
    true_peak_dbtp: float


@dataclass(slots=True)
class Report:
    """Results of a run, filled in stage by stage.

    Attributes:
        timeline: the `.otio` file.
        width, height, fps, frames: of the reel.
        script: None if the run began with a timeline.
        timeline_sha256: of the timeline file.
        files: SHA-256 of the files beside the report that it claims, by name (`outputs.claims`).
        video: None before it is finished.
        other_videos: of further sizes.
        captions: sidecar files.
        covers: pictures beside the videos.
        scenes: of the script.
        slots: rendered or reused.
        loudness: of the finished video; None without sound.
        warnings: in the order of the run.
        seconds: by stage.
        made_by: versions of Python, ffmpeg and packages.
    """

    timeline: Path
    width: int
    height: int
    fps: Fraction
    frames: int
    script: Path | None = None
    timeline_sha256: str = ""
    files: dict[str, list[str]] = field(default_factory=dict)
    video: Path | None = None
    other_videos: list[Path] = field(default_factory=list)
    captions: list[Path] = field(default_factory=list)
    covers: list[Path] = field(default_factory=list)
    scenes: list[SceneReport] = field(default_factory=list)
    slots: list[SlotReport] = field(default_factory=list)
    loudness: Loudness | None = None
    warnings: list[Notice] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=versions)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of the reel, without the report."""
        videos = () if self.video is None else (self.video, *self.other_videos)
        return (self.timeline, *videos, *self.covers, *self.captions)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data, valid against its schema."""
        loudness = self.loudness
        return {
            "version": REPORT_VERSION,
            "script": str(self.script) if self.script else None,
            "timeline": {"path": str(self.timeline), "sha256": self.timeline_sha256},
            "video": str(self.video) if self.video else None,
            "other_videos": [str(path) for path in self.other_videos],
            "captions": [str(path) for path in self.captions],
            **({"covers": [str(path) for path in self.covers]} if self.covers else {}),
            "files": self.files,
            "output": {
                "width": self.width,
                "height": self.height,
                "fps": f"{self.fps.numerator}/{self.fps.denominator}",
            },
            "frames": self.frames,
            "duration_s": round(float(self.frames / self.fps), 6),
            "scenes": [scene.as_json(self.fps) for scene in self.scenes],
            "slots": [slot.as_json() for slot in self.slots],
            "loudness": loudness
            and {
                "integrated_lufs": round(loudness.integrated_lufs, 2),
                "true_peak_dbtp": round(loudness.true_peak_dbtp, 2),
            },
            "warnings": [warning.coded for warning in self.warnings],
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "made_by": self.made_by,
        }

    @contextmanager
    def kept_on_failure(self) -> Iterator[None]:
        """Attach the warnings so far to a `WorkError`."""
        try:
            yield
        except WorkError as error:
            error.warnings = tuple(self.warnings)
            raise

    def as_text(self) -> str:
        """Return the text of the report file."""
        return json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n"
