"""The items of tracks as entries of MLT playlists: clips, gaps, nested timelines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ...backend.spans.frame_content import (
    ImageContent,
    OverlayContent,
    Picture,
    SlateContent,
    TransitionContent,
    VideoContent,
    advance,
)
from ...backend.spans.read_spans import SpanReader
from ...files.file_urls import slashed
from ...media.probe import is_still
from ...timeline.item_label import label_of
from ...timeline.layout import Placed
from ...timeline.media import source_start
from ...timeline.rate import whole_frames
from .mlt_entries import MltEntry
from .mlt_media import MltMedia
from .mlt_nested import NestedTimeline, nested_timeline


@dataclass
class MltItems:
    """Writes items of tracks.

    Attributes:
        media: the producers of the document.
        reader: resolves clips to their pictures.
        fps: of the reel.
        add_nested: adds the element of a nested timeline to the document, and returns its id.
        losses: omissions, one line each.
    """

    media: MltMedia
    reader: SpanReader
    fps: Fraction
    add_nested: Callable[[otio.schema.Timeline], str]
    losses: list[str] = field(default_factory=list)
    _nested: dict[int, tuple[str, NestedTimeline]] = field(default_factory=dict)

    def entries(self, placed: Placed, begin: int, end: int, for_audio: bool) -> Iterator[MltEntry]:
        """Yield the entries of frames ``begin`` to ``end`` of an item, counted from its start."""
        item = placed.item
        if begin >= end:
            return
        if isinstance(item, otio.schema.Stack | otio.schema.Track) and item.enabled:
            yield from self._nested_entries(placed, begin, end, for_audio)
        elif not isinstance(item, otio.schema.Clip) or not item.enabled:
            yield MltEntry(None, 0, end - begin)
        elif for_audio:
            yield self._sound(placed, item, begin, end)
        else:
            picture = advance(self.reader.media.picture(item, placed.frames), begin, self.fps)
            yield from self._picture(picture, item, end - begin)

    def _picture(self, picture: Picture, item: otio.core.Item, frames: int) -> Iterator[MltEntry]:
        """Yield the entries of the first frames of a content."""
        name = str(item.name)
        if isinstance(picture, VideoContent):
            info = self.reader.media.media[picture.path]
            yield from self.media.video(picture, info, name, frames)
        elif isinstance(picture, ImageContent):
            yield self.media.still(picture.path, name, frames)
        elif isinstance(picture, SlateContent) and isinstance(item, otio.schema.Clip):
            yield self._offline(item, frames)
        elif isinstance(picture, TransitionContent):
            self.losses.append(f"{name}: a transition in it is written as a cut, as it is retimed")
            left = (Fraction(picture.frames, 2) - picture.done) / (picture.rate or 1)
            middle = min(frames, max(0, math.ceil(left)))
            incoming = advance(picture.incoming, middle, self.fps)
            for side, length in ((picture.outgoing, middle), (incoming, frames - middle)):
                yield from self._picture(side, item, length) if length else ()
        elif isinstance(picture, OverlayContent):
            yield from self._picture(picture.upper, item, frames)
        else:
            yield MltEntry(None, 0, frames)

    def _offline(self, clip: otio.schema.Clip, frames: int) -> MltEntry:
        """Return the entry of missing media, as if they were there."""
        reference = clip.media_reference
        if not isinstance(reference, otio.schema.ExternalReference):
            return MltEntry(None, 0, frames)
        path = slashed(str(reference.target_url))
        first = max(0, round(source_start(clip) * self.fps))
        still = is_still(Path(path))
        made = self.media.plain(path, str(clip.name), first + frames, still=still)
        return MltEntry(made, first, frames)

    def _sound(self, placed: Placed, clip: otio.schema.Clip, begin: int, end: int) -> MltEntry:
        reference = clip.media_reference
        if not isinstance(reference, otio.schema.ExternalReference) or not placed.speed:
            return MltEntry(None, 0, end - begin)
        path = slashed(str(reference.target_url))
        length = whole_frames(reference.available_range.duration, self.fps)
        return self.media.sound(path, str(clip.name), placed, begin, end, length)

    def _nested_entries(
        self, placed: Placed, begin: int, end: int, for_audio: bool
    ) -> Iterator[MltEntry]:
        """Yield the entry of a nested timeline; the entries of its contents if it is retimed."""
        item = placed.item
        if placed.speed != 1:
            if for_audio:
                self.losses.append(
                    f"{label_of(item)}: its sound is left out, as it is nested and retimed"
                )
                yield MltEntry(None, 0, end - begin)
                return
            window = placed.start + begin, placed.start + end
            for span in self.reader.spans(item, Fraction(placed.start) / self.fps, window):
                yield from self._picture(span.picture, item, span.frames)
            return
        if id(item) not in self._nested:
            nested = nested_timeline(placed, self.fps)
            self._nested[id(item)] = self.add_nested(nested.timeline), nested
        name, nested = self._nested[id(item)]
        first = begin + nested.head
        if first < 0:
            yield MltEntry(None, 0, min(-first, end - begin))
        if end + nested.head > 0:
            yield MltEntry(name, max(0, first), end + nested.head - max(0, first))
