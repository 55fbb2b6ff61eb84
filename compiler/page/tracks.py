"""The tracks of a timeline as rows of the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import opentimelineio as otio

from ..backend.audio.read_mix import read_mix
from ..backend.spans.frame_content import SlateContent, leaves
from ..backend.spans.read_spans import SpanReader
from ..errors import WorkError
from ..notices import Notice
from ..timeline.layout import Placed, TrackLayout, lay_out_timeline
from ..timeline.media import media_path
from ..timeline.metadata import own_metadata
from ..timeline.properties import item_length
from ..timeline.slots import slot_of
from . import item_details
from .frame_text import FrameClock
from .playlist import playlist_of
from .view_model import Block, CutTransition, Fact, Group, PageView, Row, State
from .waveform import peaks_of


class TrackRows:
    """The tracks of a timeline as rows."""

    def __init__(
        self, timeline: otio.schema.Timeline, root: Path, reader: SpanReader, view: PageView
    ):
        self._timeline, self._root, self._reader, self._view = timeline, root, reader, view
        self._clock = FrameClock(view.fps, view.first)
        self.mix = read_mix(timeline, root, view.frames / view.fps)
        self.notes: list[Notice] = []

    def all(self) -> list[Row]:
        """Return the picture rows from the top down, then the sound rows."""
        pictures, sounds = [], []
        for layout in lay_out_timeline(self._timeline, self._view.fps):
            track = layout.track
            if not layout.items and item_length(track):
                told = f"{track.name or 'a track'}: nothing on it lies within the reel"
                self.notes.append(Notice("effect", told))
            if layout.is_sound:
                sounds.append(self._sound(layout))
            elif layout.is_picture:
                pictures.append(self._picture(layout))
            else:
                told = f"{track.name}: a track of kind {track.kind!r} is not shown"
                self.notes.append(Notice("effect", told))
        pictures = [_called(row, f"V{n}") for n, row in enumerate(pictures, 1)]
        sounds = [_called(row, f"A{n}") for n, row in enumerate(sounds, 1)]
        return [*reversed(pictures), *sounds]

    def _picture(self, layout: TrackLayout) -> Row:
        blocks = tuple(self._block(placed) for placed in layout.items)
        track = layout.track
        return Row(str(track.name), True, "", bool(track.enabled), blocks, tuple(_joins(layout)))

    def _block(self, placed: Placed) -> Block:
        item, start, end = placed.item, placed.start, placed.end
        base = Block(str(item.name), start, end - start, State.GAP)
        if isinstance(item, otio.schema.Gap):
            return base
        fps, media = self._view.fps, self._reader.media
        spans = self._reader.spans(item, placed.begin, (start, end))
        playlist = tuple(playlist_of(spans, media.media, fps))
        base = replace(
            base, playlist=playlist, spoken=self._spoken(start, end), transition=_into(placed)
        )
        clip = item if isinstance(item, otio.schema.Clip) else None
        slot = slot_of(clip) if clip is not None else None
        file = self._file(clip) if clip is not None else None
        info = media.media.get(file) if file is not None else None
        beside = item_details.sidecar(file) if info is not None and not info.still else {}
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
        recipe = slot.stated if slot is not None else beside.get("recipe", {})
        groups = [item_details.place(placed, self._clock)]
        scene = own_metadata(item)
        among = item_details.cut_among_words(
            start, self._view.words, fps, may_cut_in=slot is None or scene.get("part", 1) != 1
        )
        if among is not None and state is not State.OFF:
            groups[0] = replace(groups[0], facts=(*groups[0].facts, among))
        if base.spoken:
            groups.append(Group("Words", (Fact("", base.spoken, kind="said"),)))
        if state is State.MISSING:
            what = "missing or unreadable"
            groups.append(Group("Media", (Fact("File", what, file, kind="warning"),)))
        elif clip is not None:
            groups.append(item_details.media_group(file, info, slot, self._root, state))
        else:
            groups.append(_inside(item))
        made = item_details.made_group(file)
        groups += [made] if made is not None else []
        groups += item_details.recipe_groups(recipe) if recipe else []
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

    def _spoken(self, start: int, end: int) -> str:
        words = (w.text for w in self._view.words if start <= (w.start + w.end) / 2 < end)
        return " ".join(words)

    def _sound(self, layout: TrackLayout) -> Row:
        track, blocks = layout.track, tuple(self._sound_block(placed) for placed in layout.items)
        return Row(
            str(track.name),
            False,
            str(own_metadata(track).get("role", "")),
            bool(track.enabled),
            blocks,
            tuple(_joins(layout)),
            self._peaks(track) if track.enabled else b"",
        )

    def _sound_block(self, placed: Placed) -> Block:
        item, start, end = placed.item, placed.start, placed.end
        base = Block(str(item.name), start, end - start, State.GAP)
        if isinstance(item, otio.schema.Gap):
            return base
        group = item_details.place(placed, self._clock)
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
        groups.append(Group("Media", (Fact("File", "" if there else "missing", file, kind),)))
        state = state if item.enabled else State.OFF
        return replace(base, state=state, media=file, groups=tuple(groups))

    def _peaks(self, track: otio.schema.Track) -> bytes:
        """Measure a track's waveform, with music ducked under the words."""
        alone = otio.schema.Timeline()
        alone.tracks.append(track.deepcopy())
        alone.tracks.source_range = self._timeline.tracks.source_range
        mix = read_mix(alone, self._root, self._view.frames / self._view.fps)
        if not any(one.clips for one in mix.tracks):
            return b""
        try:
            return peaks_of(replace(mix, speech=self.mix.speech), self._view.peaks_per_s)
        except WorkError as error:
            self.notes.append(Notice("sound", str(error)))
            return b""


def _joins(layout: TrackLayout) -> Iterator[CutTransition]:
    """Yield the transitions of a track."""
    for placed in layout.items:
        for transition, cut in (
            (placed.into or placed.fade_in, placed.start),
            (placed.fade_out, placed.end),
        ):
            if transition is not None:
                yield CutTransition(transition.kind, cut, transition.before, transition.after)


def _called(row: Row, name: str) -> Row:
    """Name a row, unless it has a name."""
    return row if row.name else replace(row, name=name)


def _into(placed: Placed) -> str:
    into = placed.into or placed.fade_in
    return f"{into.kind}, {into.frames} frames" if into is not None else ""


def _inside(item: otio.core.Item) -> Group:
    """List the clips of a nested composition."""
    named = [str(clip.name) or "(no name)" for clip in item.find_clips()]
    kind = type(item).__name__.lower()
    text = f"a {kind} of {len(named)} clips: {', '.join(named[:20])}"
    return Group("Nested", (Fact("Holds", text + (", …" if len(named) > 20 else "")),))
