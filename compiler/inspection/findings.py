"""Findings of a check, and their JSON document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .voice_offset import VoiceOffset


@dataclass(frozen=True, slots=True)
class Finding:
    """One measurement.

    Attributes:
        name: the measurement, such as ``frames`` or ``cut storm``.
        ok: whether it is within its limits.
        measured, wanted: values in words, with units.
    """

    name: str
    ok: bool
    measured: str
    wanted: str

    def __str__(self) -> str:
        """Return one line of a terminal."""
        state = "ok " if self.ok else "OFF"
        wanted = "" if self.ok and self.measured == self.wanted else f" (wanted {self.wanted})"
        return f"{state} {self.name:<22} {self.measured}{wanted}"


@dataclass(frozen=True, slots=True)
class Check:
    """All findings, and their figures for programs."""

    video: Path
    findings: tuple[Finding, ...]
    cut_offsets: dict[str, int | None]
    voice_offsets: tuple[VoiceOffset, ...]
    lufs: float
    dbtp: float
    confidence: dict[str, float]
    """Of each scene's cut, as the timeline states it."""

    @property
    def ok(self) -> bool:
        """Whether nothing is off."""
        return all(finding.ok for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the document of ``schemas/check.schema.json``."""
        return {
            "version": 1,
            "video": str(self.video),
            "ok": self.ok,
            "findings": [
                {"name": f.name, "ok": f.ok, "measured": f.measured, "wanted": f.wanted}
                for f in self.findings
            ],
            "cut_offsets_frames": self.cut_offsets,
            "voice_offsets_ms": [
                {"at_s": o.at_s, "ms": None if o.ms is None else round(o.ms, 3)}
                for o in self.voice_offsets
            ],
            "confidence": self.confidence,
            "loudness": {
                "integrated_lufs": _finite(self.lufs),
                "true_peak_dbtp": _finite(self.dbtp),
            },
        }


def _finite(value: float) -> float | None:
    return round(value, 2) if abs(value) < 1e6 else None
