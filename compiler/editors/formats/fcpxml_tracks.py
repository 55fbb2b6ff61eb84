"""Tracks of FCPXML's lanes: clips without overlap, and transitions on their cuts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import opentimelineio as otio

from ...timeline.rate import time, time_range


@dataclass(frozen=True, slots=True)
class LaneItem:
    """A clip or a nested timeline, or a transition's kind and cut, in frames of the reel."""

    is_audio: bool
    lane: int
    start: int
    frames: int
    clip: otio.core.Item | None = None
    transition: str = ""
    cut: int = 0

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.start + self.frames


def lane_tracks(items: Sequence[LaneItem], fps: Fraction) -> Iterator[otio.schema.Track]:
    """Yield picture tracks from the lowest lane, then audio tracks from the highest."""
    for letter in "VA":
        of_kind = [item for item in items if item.is_audio == (letter == "A")]
        number = 0
        for lane in sorted({item.lane for item in of_kind}, reverse=letter == "A"):
            in_lane = [item for item in of_kind if item.lane == lane]
            transitions = [item for item in in_lane if item.clip is None]
            for clips in _without_overlap(item for item in in_lane if item.clip is not None):
                number += 1
                yield _track(f"{letter}{number}", clips, transitions, fps)


def _without_overlap(clips: Iterable[LaneItem]) -> list[list[LaneItem]]:
    """Distribute the clips of a lane over tracks without overlap."""
    tracks: list[list[LaneItem]] = []
    for item in sorted(clips, key=lambda item: item.start):
        track = next((track for track in tracks if track[-1].end <= item.start), None)
        if track is None:
            tracks.append([item])
        else:
            track.append(item)
    return tracks


def _track(
    name: str, clips: Sequence[LaneItem], transitions: Sequence[LaneItem], fps: Fraction
) -> otio.schema.Track:
    kind = otio.schema.TrackKind.Audio if name[0] == "A" else otio.schema.TrackKind.Video
    track = otio.schema.Track(name, kind=kind)
    edges = {edge for item in clips for edge in (item.start, item.end)}
    by_cut: dict[int, otio.schema.Transition] = {}
    for item in transitions:
        covered = [edge for edge in edges if item.start <= edge <= item.end]
        if covered:
            cut = min(covered, key=lambda edge: abs(edge - item.cut))
            by_cut[cut] = _transition(item, cut, fps)
    position = 0
    for item in clips:
        if item.start > position:
            gap = time_range(0, item.start - position, fps)
            track.append(otio.schema.Gap(source_range=gap))
        if item.start in by_cut:
            track.append(by_cut.pop(item.start))
        track.append(item.clip)
        position = item.end
        if item.end in by_cut and not any(other.start == item.end for other in clips):
            track.append(by_cut.pop(item.end))
    return track


def _transition(item: LaneItem, cut: int, fps: Fraction) -> otio.schema.Transition:
    kinds = otio.schema.TransitionTypes
    return otio.schema.Transition(
        name=item.transition,
        transition_type=kinds.SMPTE_Dissolve if item.transition == "dissolve" else kinds.Custom,
        in_offset=time(cut - item.start, fps),
        out_offset=time(item.end - cut, fps),
    )
