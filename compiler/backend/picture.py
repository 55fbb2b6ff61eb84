"""The picture track of an OTIO timeline as plain items and blends, in whole frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import opentimelineio as otio

from ..errors import InputError, Problem
from .probe import MediaInfo, probe
from .segments import Blend, Item, Layer

NAMESPACE = "otio_gvideo"


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be seen: items without holes, the blends between them, and their media."""

    items: tuple[Item, ...]
    blends: tuple[Blend, ...]
    media: dict[Path, MediaInfo]

    @property
    def frames(self) -> int:
        """Length of the reel."""
        return self.items[-1].end if self.items else 0


def media_path(reference: otio.schema.ExternalReference, root: Path) -> Path:
    """The file that a reference names: a plain path, or a ``file:`` URL, relative to ``root``."""
    url = str(reference.target_url)
    if url.startswith("file:"):
        parsed = urlparse(url)
        url = url2pathname(parsed.path) if parsed.netloc in ("", "localhost") else unquote(url)
    return (root / url).resolve() if not Path(url).is_absolute() else Path(url)


def seconds(value: otio.opentime.RationalTime) -> Fraction:
    """A time of OTIO in exact seconds; its rate is taken for the exact one it stands for."""
    whole = round(value.rate)
    rate = (
        Fraction(whole)
        if abs(value.rate - whole) < 1e-9
        else Fraction(round(value.rate * 1.001) * 1000, 1001)
    )
    return Fraction(value.value) / rate


def to_frames(value: otio.opentime.RationalTime, fps: Fraction) -> int:
    """A time of OTIO in whole frames of the reel, the nearest."""
    return round(seconds(value) * fps)


def read_picture(timeline: otio.schema.Timeline, root: Path, fps: Fraction) -> Picture:
    """Resolve the one picture track of a timeline.

    Args:
        timeline: what to show.
        root: the folder that relative media are named from.
        fps: the reel's rate.

    Raises:
        InputError: something in it cannot be rendered; names every such thing.
    """
    reader = _Reader(root, fps)
    tracks = [track for track in timeline.video_tracks() if track.enabled and len(track)]
    if len(tracks) > 1:
        reader.refuse(tracks[1].name, "a second picture track cannot be rendered", "disable it")
    for child in timeline.tracks:
        if not isinstance(child, otio.schema.Track):
            reader.refuse(child.name, f"a {type(child).__name__} beside the tracks cannot be shown")
    if tracks:
        reader.read_track(tracks[0])
    length = to_frames(timeline.duration(), fps)
    reader.fill_to(length)
    if reader.problems:
        raise InputError(reader.problems)
    return Picture(tuple(reader.items), tuple(reader.blends), reader.media)


class _Reader:
    def __init__(self, root: Path, fps: Fraction):
        self._root, self._fps = root, fps
        self.items: list[Item] = []
        self.blends: list[Blend] = []
        self.media: dict[Path, MediaInfo] = {}
        self.problems: list[Problem] = []

    def refuse(self, where: str, what: str, hint: str = "") -> None:
        self.problems.append(Problem("", 0, 0, where, what, hint))

    def read_track(self, track: otio.schema.Track) -> None:
        # Every position from the exact sum of what is before it, so that nothing accumulates.
        position = Fraction(0)
        for child in track:
            if isinstance(child, otio.schema.Transition):
                self._read_transition(child, round(position * self._fps))
                continue
            start = round(position * self._fps)
            position += seconds(child.duration())
            end = round(position * self._fps)
            layer = self._layer(child)
            if end > start:
                self.items.append(Item(str(child.name), start, end, layer))

    def fill_to(self, length: int) -> None:
        end = self.items[-1].end if self.items else 0
        if end < length:
            self.items.append(Item("", end, length, Layer("black")))

    def _read_transition(self, transition: otio.schema.Transition, cut: int) -> None:
        ours = transition.metadata.get(NAMESPACE, {}).get("transition")
        dissolve = transition.transition_type == otio.schema.TransitionTypes.SMPTE_Dissolve
        name = "dissolve" if dissolve else ours
        if name is None:
            kind = transition.transition_type or transition.name
            self.refuse(f"transition at frame {cut}", f"{kind!r} is not a known transition")
            return
        before = to_frames(transition.in_offset, self._fps)
        after = to_frames(transition.out_offset, self._fps)
        if before + after:
            self.blends.append(Blend(str(name), cut, before, after))

    def _layer(self, child: otio.core.Composable) -> Layer:
        name = str(child.name)
        if isinstance(child, otio.schema.Gap) or not child.enabled:
            return Layer("black")
        if not isinstance(child, otio.schema.Clip):
            self.refuse(name, f"a nested {type(child).__name__} cannot be rendered")
            return Layer("black")
        for effect in child.effects:
            if effect.enabled:
                self.refuse(name, f"the effect {effect.schema_name()} cannot be rendered")
        reference = child.media_reference
        if not isinstance(reference, otio.schema.ExternalReference) or not reference.target_url:
            self.refuse(
                name,
                f"the clip has no media ({type(reference).__name__})",
                "fill its slot with `otio-gvideo render`",
            )
            return Layer("black")
        path = media_path(reference, self._root)
        info = self._probe(path, name)
        if info is None:
            return Layer("black")
        if info.still:
            return Layer("still", path)
        start = seconds(child.trimmed_range().start_time)
        if reference.available_range is not None:
            start -= seconds(reference.available_range.start_time)
        return Layer("video", path, start, info.video.fps if info.video else self._fps)

    def _probe(self, path: Path, name: str) -> MediaInfo | None:
        if path in self.media:
            return self.media[path]
        if not path.is_file():
            self.refuse(name, f"its media {path} does not exist", "render it, or relink the clip")
            return None
        info = probe(path)
        if info.video is None:
            self.refuse(name, f"its media {path} holds no picture")
            return None
        self.media[path] = info
        return info
