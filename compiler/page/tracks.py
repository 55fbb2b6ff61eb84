"""The tracks of a timeline as rows of the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..backend.audio.read_mix import read_mix
from ..backend.spans.content import SlateContent, leaves
from ..backend.spans.read_spans import PictureReader
from ..errors import WorkError
from ..notices import Notice
from ..timeline.layout import Placed, lay_out
from ..timeline.slots import slot_of
from ..timeline.values import media_path, own_metadata, seconds
from . import facts
from .frame_text import FrameClock
from .playlist import seen_of
from .view_model import Block, CutTransition, Fact, Group, PageView, Row, State
from .waveform import peaks_of

Window = tuple[int, int]


class Rows:
    """The tracks of a timeline as rows."""

    def __init__(
        self, timeline: otio.schema.Timeline, root: Path, reader: PictureReader, view: PageView
    ):
        self._timeline, self._root, self._reader, self._view = timeline, root, reader, view
        self._clock = FrameClock(view.fps, view.first)
        self.mix = read_mix(timeline, root, view.frames / view.fps)
        self.notes: list[Notice] = []

    def all(self) -> list[Row]:
        """Picture from the top down, then sound."""
        pictures, sounds = [], []
        for child in self._timeline.tracks:
            track = _as_track(child)
            if len(track) and not list(self._placed(track)):
                told = f"{track.name or 'a track'}: nothing on it lies within the reel"
                self.notes.append(Notice("effect", told))
            if track.kind == otio.schema.TrackKind.Audio:
                sounds.append(self._sound(track))
            elif track.kind == otio.schema.TrackKind.Video:
                pictures.append(self._picture(track))
            else:
                told = f"{track.name}: a track of kind {track.kind!r} is not shown"
                self.notes.append(Notice("effect", told))
        pictures = [_called(row, f"V{n}") for n, row in enumerate(pictures, 1)]
        sounds = [_called(row, f"A{n}") for n, row in enumerate(sounds, 1)]
        return [*reversed(pictures), *sounds]

    def _picture(self, track: otio.schema.Track) -> Row:
        placed = list(self._placed(track))
        blocks = tuple(self._block(one, window) for one, window in placed)
        return Row(
            str(track.name), True, "", bool(track.enabled), blocks, tuple(self._joins(track))
        )

    def _placed(self, track: otio.schema.Track) -> Iterator[tuple[Placed, Window]]:
        """Items with the frames of the reel in which they are seen."""
        shift = self._shift(track)
        for one in lay_out(track, self._view.fps):
            start, end = max(0, one.start + shift), min(self._view.frames, one.end + shift)
            if start < end:
                shown = replace(one, start=one.start + shift)
                yield shown, (start, end)

    def _shift(self, track: otio.schema.Track) -> int:
        """Frames by which what lies in a track is seen later than it says itself."""
        ranges = (self._timeline.tracks.source_range, track.source_range)
        starts = (seconds(one.start_time) for one in ranges if one is not None)
        return -round(sum(starts, Fraction(0)) * self._view.fps)

    def _joins(self, track: otio.schema.Track) -> Iterator[CutTransition]:
        shift = self._shift(track)
        for one in lay_out(track, self._view.fps):
            if one.into is not None:
                yield CutTransition(
                    one.into.kind, one.start + shift, one.into.before, one.into.after
                )

    def _block(self, placed: Placed, window: Window) -> Block:
        item, (start, end) = placed.item, window
        base = Block(str(item.name), start, end - start, State.GAP)
        if isinstance(item, otio.schema.Gap):
            return base
        fps, media = self._view.fps, self._reader.media
        spans = self._reader.spans(item, Fraction(placed.start) / fps, window)
        seen = tuple(seen_of(spans, media.media, fps))
        base = replace(base, seen=seen, said=self._said(start, end), transition=_into(placed))
        clip = item if isinstance(item, otio.schema.Clip) else None
        slot = slot_of(clip) if clip is not None else None
        file = self._file(clip) if clip is not None else None
        info = media.media.get(file) if file is not None else None
        beside = facts.sidecar(file) if info is not None and not info.still else {}
        lost = any(
            isinstance(leaf, SlateContent) for span in spans for leaf in leaves(span.picture)
        )
        state = State.MEDIA
        if not item.enabled:
            state = State.OFF
        elif clip is None:
            state = State.NESTED
        elif lost:
            waits = slot is not None and not isinstance(
                clip.media_reference, otio.schema.ExternalReference
            )
            state = State.WAITING if waits else State.MISSING
        elif slot is not None or beside:
            state = State.WAITING if info is not None and info.still else State.RENDERED
        recipe = slot.recipe if slot is not None else beside.get("recipe", {})
        groups = [facts.place(placed, start, self._clock)]
        scene = own_metadata(item)
        among = facts.cut_among_words(
            start, self._view.words, fps, may_cut_in=slot is None or scene.get("part", 1) != 1
        )
        if among is not None and state is not State.OFF:
            groups[0] = replace(groups[0], facts=(*groups[0].facts, among))
        if base.said:
            groups.append(Group("Says", (Fact("", base.said, kind="said"),)))
        if state is State.MISSING:
            what = "not there, or cannot be read"
            groups.append(Group("Media", (Fact("File", what, file, kind="warning"),)))
        elif clip is not None:
            groups.append(facts.media_group(file, info, slot, self._root, state))
        else:
            groups.append(_inside(item))
        made = facts.made_group(file)
        groups += [made] if made is not None else []
        groups += facts.recipe_groups(recipe) if recipe else []
        return replace(
            base,
            state=state,
            renderer=str(recipe.get("renderer") or ""),
            quality=str(recipe.get("quality") or ""),
            media=file,
            groups=tuple(group for group in groups if group.facts),
        )

    def _file(self, clip: otio.schema.Clip) -> Path | None:
        reference = clip.media_reference
        if not isinstance(reference, otio.schema.ExternalReference) or not reference.target_url:
            return None
        return media_path(reference, self._root)

    def _said(self, start: int, end: int) -> str:
        words = (w.text for w in self._view.words if start <= (w.start + w.end) / 2 < end)
        return " ".join(words)

    def _sound(self, track: otio.schema.Track) -> Row:
        blocks = tuple(self._sound_block(one, window) for one, window in self._placed(track))
        return Row(
            str(track.name),
            False,
            str(own_metadata(track).get("role", "")),
            bool(track.enabled),
            blocks,
            tuple(self._joins(track)),
            self._peaks(track) if track.enabled else b"",
        )

    def _sound_block(self, placed: Placed, window: Window) -> Block:
        item, (start, end) = placed.item, window
        base = Block(str(item.name), start, end - start, State.GAP)
        if isinstance(item, otio.schema.Gap):
            return base
        group = facts.place(placed, start, self._clock)
        stated = [
            Fact(label, f"{value:g}{unit}")
            for name, label, unit in (("gain_db", "Level", " dB"), ("fade_in", "Fades in", " s"),
                                      ("fade_out", "Fades out", " s"))
            if isinstance(value := own_metadata(item).get(name), int | float) and value
        ]  # fmt: skip
        groups = [replace(group, facts=(*group.facts, *stated))]
        if not isinstance(item, otio.schema.Clip):
            return replace(base, state=State.NESTED, groups=(*groups, _inside(item)))
        file = self._file(item)
        there = file is not None and file.is_file()
        state = State.MEDIA if there else State.MISSING
        kind = "" if there else "warning"
        groups.append(Group("Media", (Fact("File", "" if there else "not there", file, kind),)))
        state = state if item.enabled else State.OFF
        return replace(base, state=state, media=file, groups=tuple(groups))

    def _peaks(self, track: otio.schema.Track) -> bytes:
        """What is heard of a track, music as it gives way to the words."""
        alone = otio.schema.Timeline()
        alone.tracks.append(track.deepcopy())
        mix = read_mix(alone, self._root, self._view.frames / self._view.fps)
        if not any(one.clips for one in mix.tracks):
            return b""
        try:
            return peaks_of(replace(mix, speech=self.mix.speech), self._view.peaks_per_s)
        except WorkError as error:
            self.notes.append(Notice("sound", str(error)))
            return b""


def _as_track(child: otio.core.Composable) -> otio.schema.Track:
    """A child of a timeline's stack as a track; what is none, alone on one."""
    if isinstance(child, otio.schema.Track):
        return child
    track = otio.schema.Track(str(child.name), kind=otio.schema.TrackKind.Video)
    track.append(child.deepcopy())
    return track


def _called(row: Row, name: str) -> Row:
    """A row by its own name, else by the given one."""
    return row if row.name else replace(row, name=name)


def _into(placed: Placed) -> str:
    return f"{placed.into.kind}, {placed.into.frames} frames" if placed.into is not None else ""


def _inside(item: otio.core.Item) -> Group:
    """What lies in a nested composition, by name."""
    named = [str(clip.name) or "(no name)" for clip in item.find_clips()]
    kind = type(item).__name__.lower()
    text = f"a {kind} of {len(named)} clips: {', '.join(named[:20])}"
    return Group("Nested", (Fact("Holds", text + (", …" if len(named) > 20 else "")),))
