"""Write a CapCut draft: a folder of the timeline, its media, and CapCut's list of them.

The format is not published. This writer follows what public readers and writers agree on: pyCapCut
0.0.4 (https://github.com/GuanYixuan/pyCapCut, CapCut 6.7), capcut-cli 0.23
(https://github.com/renezander030/capcut-cli, CapCut 6.2 to 9.3), VectCutAPI
(https://github.com/sun-guannan/VectCutAPI), and the description of drafts of CapCut 8.2 and 8.4 in
https://github.com/Davidb-2107/capcut-cli-david. Times are microseconds.

Two habits of CapCut matter: its lowest picture track closes gaps, so gaps are black stills there;
and a transition lies half before and half after its cut, so an uneven one moves the cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio

from ....backend.audio.mix import Clip, Mix, lanes_of
from ....backend.audio.read_mix import read_mix
from ....backend.captions.burn import typeset
from ....backend.captions.style import Colour
from ....media.probe import is_still
from ....media.samples import SAMPLE_RATE
from ....timeline.item_label import label_of
from ....timeline.layout import Placed, TrackLayout, TrackTransition, lay_out_timeline
from ....timeline.level_curves import amplitude
from ....timeline.properties import frames_of, rate_of, size_of
from ....timeline.rate import whole_frames
from .files import write_files
from .materials import DISSOLVE, STILL_US, TRANSITIONS, DraftMaterials
from .media import DraftMedia, Medium
from .segments import keyframes, picture_segment, sound_segment, text_segment

_SIZE_PX = 9.0
"""Pixels, of a frame 1080 wide, of CapCut's text size 1, roughly: its 8 is a usual caption."""


def write(timeline: otio.schema.Timeline, path: Path, place: Path | None = None) -> list[str]:
    """Write a draft.

    Args:
        timeline: prepared for export.
        path: the folder to write.
        place: where the folder will lie, since a draft holds absolute paths; by default ``path``.
    """
    writer = _DraftWriter(timeline, path, place or path)
    writer.write()
    return writer.losses


class _DraftWriter:
    def __init__(self, timeline: otio.schema.Timeline, path: Path, place: Path):
        self.timeline, self.path, self.place = timeline, path, place
        self.fps, self.size = rate_of(timeline), size_of(timeline)
        self.frames = frames_of(timeline, self.fps)
        self.parts = DraftMaterials(str(place), self.fps)
        self.media = DraftMedia(path, place, self.parts, self.size)
        self.losses: list[str] = []

    def write(self) -> None:
        """Build the draft, copy the media, and write the files."""
        pictures = [
            layout
            for layout in lay_out_timeline(self.timeline, self.fps)
            if layout.is_picture and layout.track.enabled
        ]
        for layer, layout in enumerate(pictures):
            self._pictures(layout, layer)
        self._captions()
        self._sounds(read_mix(self.timeline, self.path, self.frames / self.fps))
        if self.timeline.tracks.markers:
            self.losses.append("markers of the timeline are left out")
        media = self.media.listed
        write_files(self.path, self.place, self.parts, self.size, self.fps, self.frames, media)

    def _pictures(self, layout: TrackLayout, layer: int) -> None:
        segments = self.parts.track("video", str(layout.track.name or ""))
        for number, placed in enumerate(layout.items):
            begin = placed.start + (_shift(placed.into) if placed.into else 0)
            end = placed.end + (_shift(placed.out) if placed.out else 0)
            if begin >= end:
                continue
            follows = layout.items[number + 1 : number + 2]
            if placed.is_clip and isinstance(placed.item, otio.schema.Clip):
                segments.append(self._clip(placed, (begin, end), layer, follows))
            else:
                if not isinstance(placed.item, otio.schema.Gap | otio.schema.Clip):
                    self.losses.append(f"{placed.item.name or 'a composition'}: written as a gap")
                if layer == 0:
                    segments.append(self._black((begin, end), self._transition(placed, follows)))

    def _clip(
        self, placed: Placed, span: tuple[int, int], layer: int, follows: Sequence[Placed]
    ) -> dict[str, Any]:
        clip = placed.item
        assert isinstance(clip, otio.schema.Clip)
        path = _file_of(clip)
        speed = placed.speed
        if path is None:
            self.losses.append(f"{label_of(clip)}: names no file; it is black")
            return self._black(span, self._transition(placed, follows))
        if speed < 0:
            self.losses.append(f"{label_of(clip)}: plays backwards; written forwards")
        medium = self._medium(path, clip, placed)
        is_image = medium.length_us == STILL_US
        rate = Fraction(1) if is_image or not speed else abs(speed)
        length = self.parts.us(span[1]) - self.parts.us(span[0])
        frame = placed.media_start + (span[0] - placed.start) * speed
        if speed < 0:
            frame += (span[1] - span[0]) * speed
        start = 0 if is_image else max(0, self.parts.us(frame))
        used = round(length * rate)
        if not is_image and start + used > medium.length_us:
            # CapCut plays from the beginning what reaches beyond its medium.
            start = max(0, medium.length_us - used)
            used = min(used, medium.length_us)
        return picture_segment(
            self.parts,
            self.parts.picture(medium.path, medium.size, medium.length_us, medium.id),
            (self.parts.us(span[0]), length),
            (start, used),
            rate,
            transition=self._transition(placed, follows),
            scale=self._fill(medium.size),
            volume=0.0,  # Heard pictures have audio tracks.
            layer=layer,
            keyframes=self._fades(placed, span),
        )

    def _medium(self, path: Path, clip: otio.schema.Clip, placed: Placed) -> Medium:
        if not path.is_file():
            available = clip.media_reference.available_range
            frames = whole_frames(available.duration, self.fps) if available else self.frames
            return self.media.missing(path, self.parts.us(frames))
        if not placed.speed and not is_still(path):
            return self.media.frozen(path, placed.media_start, self.fps)
        return self.media.copied(path)

    def _black(self, span: tuple[int, int], transition: str) -> dict[str, Any]:
        medium = self.media.black()
        start, end = map(self.parts.us, span)
        material = self.parts.picture(medium.path, medium.size, STILL_US, medium.id)
        times = (start, end - start), (0, end - start)
        return picture_segment(self.parts, material, *times, Fraction(1), transition=transition)

    def _transition(self, placed: Placed, follows: Sequence[Placed]) -> str:
        """Add the transition out of an item, and return its material; empty if there is none."""
        if placed.out is None or not follows:
            return ""
        kind = placed.out.kind
        if kind not in TRANSITIONS:
            self.losses.append(f"{kind}: written as a dissolve")
        return self.parts.transition(
            TRANSITIONS.get(kind, DISSOLVE), self.parts.us(placed.out.frames)
        )

    def _fades(self, placed: Placed, span: tuple[int, int]) -> list[dict[str, Any]]:
        """Return opacity for the transitions at the start and end of a track."""
        length = self.parts.us(span[1]) - self.parts.us(span[0])
        points: list[tuple[int, float]] = []
        if placed.fade_in:
            points += [(0, 0.0), (min(length, self.parts.us(placed.fade_in.frames)), 1.0)]
        if placed.fade_out:
            begin = max(0, length - self.parts.us(placed.fade_out.frames))
            points += [(max(begin, points[-1][0] if points else 0), 1.0), (length, 0.0)]
        return keyframes(self.parts, "KFTypeAlpha", points)

    def _fill(self, size: tuple[int, int]) -> float:
        """Return the scale at which a picture fills the frame; 1 fits it in."""
        ratios = [Fraction(one, other) for one, other in zip(self.size, size, strict=True)]
        return round(float(max(ratios) / min(ratios)), 6)

    def _captions(self) -> None:
        typesetter, cues = typeset(self.timeline, self.size, self.fps)
        if not cues:
            return
        style, area = typesetter.style, typesetter.area
        if style.style != "plain":
            self.losses.append(f"captions: {style.style} becomes plain lines")
        segments = self.parts.track("text", "captions")
        middle = area.middle(style.position, style.size_px * 1.2 * style.lines)
        for cue in cues:
            start, end = (round(Fraction(at) * self.fps) for at in (cue.start, cue.end))
            start, end = max(0, start), min(end, self.frames)
            if start >= end:
                continue
            material = self.parts.text(
                [typesetter.shown(line) for line in cue.text],
                size=round(style.size_px / _SIZE_PX, 1),
                colour=_rgb(style.colour),
                outline=_rgb(style.outline_colour),
            )
            at = self.parts.us(start)
            span = (at, self.parts.us(end) - at)
            segments.append(text_segment(self.parts, material, span, 1 - 2 * middle / area.height))

    def _sounds(self, mix: Mix) -> None:
        self.losses += [f"{line}: left out" for line in mix.missing]
        for track in mix.tracks:
            if track.role == "picture":
                continue
            for number, lane in enumerate(lanes_of(track.clips, crossfades=False)):
                name = track.role or "sound"
                segments = self.parts.track("audio", f"{name} {number + 1}" if number else name)
                segments += [self._sound(clip) for clip in lane]

    def _sound(self, clip: Clip) -> dict[str, Any]:
        if clip.speed < 0:
            self.losses.append(f"{clip.path.name}: plays backwards; written forwards")
        speed = abs(clip.speed)
        start, length = _us(clip.start), _us(clip.end) - _us(clip.start)
        begin = clip.source if clip.speed > 0 else clip.source - (clip.end - clip.start) * speed
        medium = self.media.copied(clip.path)
        source, used = max(0, _us(begin)), round(length * speed)
        if source + used > medium.length_us:
            source, used = max(0, medium.length_us - used), min(used, medium.length_us)
        volumes = _volumes(clip)
        return sound_segment(
            self.parts,
            self.parts.sound(medium.path, medium.length_us, medium.id),
            (start, length),
            (source, used),
            speed,
            fades=(min(_us(clip.fade_in), length), min(_us(clip.fade_out), length)),
            volume=volumes[0][1] if volumes else amplitude(clip.gain_db),
            keyframes=keyframes(self.parts, "KFTypeVolume", volumes),
        )


def _shift(cut: TrackTransition) -> int:
    """Return the frames from a cut to the middle of its transition."""
    return (cut.after - cut.before) // 2


def _file_of(clip: otio.schema.Clip) -> Path | None:
    """Return the file of a prepared clip; None for sequences and generators."""
    reference = clip.media_reference
    if not isinstance(reference, otio.schema.ExternalReference):
        return None
    return Path(str(reference.target_url))


def _volumes(clip: Clip) -> list[tuple[int, float]]:
    """Return the volume of a clip at microseconds from its start; none if it is constant.

    CapCut interpolates amplitudes, the mix decibels: a point halfway keeps them within 0.3 dB.
    """
    if not clip.levels:
        return []
    known = [(_us(at) - _us(clip.start), level) for at, level in clip.levels]
    length = _us(clip.end) - _us(clip.start)
    times, levels = zip(*known, strict=True)
    inside = [at for at in times if 0 < at < length]
    ends = [0, *inside, length]
    halves = [(one + other) // 2 for one, other in pairwise(ends)]
    return [
        (at, amplitude(clip.gain_db + float(np.interp(at, times, levels))))
        for at in sorted({*ends, *halves})
    ]


def _us(samples: int | Fraction) -> int:
    return round(samples * 1_000_000 / Fraction(SAMPLE_RATE))


def _rgb(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (round(part / 255, 6) for part in colour[:3])
    return red, green, blue
