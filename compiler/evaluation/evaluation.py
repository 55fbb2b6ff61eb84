"""An evaluation as data: takes, their cost and their measurements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..notices import Notice
from ..report import versions
from .measure import Measures
from .worker import MadeTake

VERSION = 1


@dataclass(frozen=True, slots=True)
class Take:
    """A measured take.

    Attributes:
        slot: name of the slot.
        name: key among the slot's media references, ``<renderer>.<quality>``.
        made: its media and their cost.
        frames: length of the media, handles included.
        fps: exact frame rate of the media.
        measures: measurements of the picture.
    """

    slot: str
    name: str
    made: MadeTake
    frames: int
    fps: Fraction
    measures: Measures

    @property
    def seconds_per_second(self) -> float:
        """Render time in seconds per second of video."""
        return self.made.seconds / float(self.frames / self.fps)

    def as_json(self) -> dict[str, Any]:
        """Return the take as JSON of ``evaluation.schema.json``."""
        return {
            "slot": self.slot,
            "take": self.name,
            "key": self.made.key,
            "media": str(self.made.path),
            "frames": self.frames,
            "fps": f"{self.fps.numerator}/{self.fps.denominator}",
            "seconds": self.made.seconds,
            "seconds_per_second": round(self.seconds_per_second, 4),
            "memory_mb": self.made.memory_mb,
            "gpu_memory_mb": self.made.gpu_memory_mb,
            "device": self.made.device,
            "notice": self.made.notice or None,
            "measures": self.measures.as_json(),
        }


@dataclass(slots=True)
class Evaluation:
    """Results of comparing renderers on slots of a timeline.

    Attributes:
        timeline: the timeline with the takes.
        takes: slot by slot.
        before: takes of earlier evaluations, of other slots or renderers.
        failed: reasons of failed takes, by slot and take.
        left_out: reasons of skipped renderers, by name.
        picked: active takes, by slot.
        restored: slots whose own media a pick made active again.
        damaged: takes of earlier evaluations that failed their hash check.
        made_by: versions of Python, ffmpeg and packages.
    """

    timeline: Path
    takes: list[Take] = field(default_factory=list)
    before: list[Take] = field(default_factory=list)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    picked: dict[str, str] = field(default_factory=dict)
    restored: list[str] = field(default_factory=list)
    damaged: list[Notice] = field(default_factory=list)
    made_by: dict[str, str] = field(default_factory=versions)

    @property
    def warnings(self) -> list[Notice]:
        """Warnings about fallbacks, skipped renderers and damaged takes."""
        told = [(take, take.made.notice) for take in self.takes if take.made.notice]
        return [
            *(Notice("fallback", f"{take.slot}: {take.name} {what}") for take, what in told),
            *(
                Notice("unavailable", f"{name} was left out: {why}")
                for name, why in self.left_out.items()
            ),
            *self.damaged,
        ]

    @property
    def data(self) -> Path:
        """Path of the JSON file, beside the timeline."""
        return self.timeline.with_name(f"{self.timeline.stem}.evaluation.json")

    @property
    def page(self) -> Path:
        """Path of the web page, beside the timeline."""
        return self.timeline.with_name(f"{self.timeline.stem}.evaluation.html")

    def as_json(self) -> dict[str, Any]:
        """Return plain data, valid against ``evaluation.schema.json``."""
        return {
            "version": VERSION,
            "timeline": str(self.timeline),
            "takes": [take.as_json() for take in (*self.takes, *self.before)],
            "failed": [
                {"slot": slot, "take": take, "why": why}
                for (slot, take), why in self.failed.items()
            ],
            "left_out": self.left_out,
            "picked": self.picked,
            "made_by": self.made_by,
        }

    def as_text(self) -> str:
        """Return the text of the JSON file."""
        return json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n"


def takes_before(path: Path) -> dict[str, Take]:
    """Return the takes of an earlier evaluation by key; empty without one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != VERSION:
            return {}
        return {one["key"]: _take(one) for one in document["takes"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def is_evaluation(path: Path) -> bool:
    """Return whether a file is an evaluation, of any version."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return isinstance(document["takes"], list) and isinstance(document["made_by"], dict)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def redrawn(found: Evaluation) -> Evaluation:
    """Return the previous evaluation with the new picks; without takes if their media are gone."""
    takes = [take for take in takes_before(found.data).values() if take.made.path.is_file()]
    if not takes:
        return found
    kept = json.loads(found.data.read_text(encoding="utf-8"))
    return replace(
        found,
        takes=takes,
        failed={(one["slot"], one["take"]): one["why"] for one in kept.get("failed", [])},
        left_out=dict(kept.get("left_out", {})),
        made_by=dict(kept.get("made_by", found.made_by)),
    )


def _take(one: Mapping[str, Any]) -> Take:
    made = MadeTake(
        slot=one["slot"],
        key=one["key"],
        path=Path(one["media"]),
        seconds=float(one["seconds"]),
        memory_mb=float(one["memory_mb"]),
        gpu_memory_mb=one["gpu_memory_mb"],
        device=one["device"],
        notice=one["notice"] or "",
    )
    measures = Measures(**one["measures"])
    return Take(one["slot"], one["take"], made, int(one["frames"]), Fraction(one["fps"]), measures)


def means(takes: Sequence[Take]) -> dict[str, Mapping[str, float | None]]:
    """Return the mean of each figure over all slots, by take name."""
    by_name: dict[str, list[Take]] = {}
    for take in takes:
        by_name.setdefault(take.name, []).append(take)
    return {name: _mean([figures(take) for take in group]) for name, group in by_name.items()}


def figures(take: Take) -> dict[str, float | None]:
    """Return all figures of a take, by name."""
    return {
        "seconds_per_second": take.seconds_per_second,
        "memory_mb": take.made.memory_mb,
        "gpu_memory_mb": take.made.gpu_memory_mb,
        **{name: getattr(take.measures, name) for name in Measures.__slots__},
    }


def _mean(rows: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name in rows[0]:
        values = [value for row in rows if (value := row[name]) is not None]
        found[name] = sum(values) / len(values) if values else None
    return found
