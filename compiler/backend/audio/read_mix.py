"""Read the mix of an OTIO timeline: audio tracks, sound of picture clips, spoken words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import opentimelineio as otio

from ...errors import InputError, Problem
from ...media.media_info import MediaInfo
from ...media.samples import SAMPLE_RATE
from ...notices import Notice
from ...timeline.effects import speed_of, unsupported_effects
from ...timeline.item_label import label_of
from ...timeline.level_curves import ClipLevels
from ...timeline.levels import clip_levels, number_of
from ...timeline.media import source_start
from ...timeline.metadata import own_metadata
from ...timeline.properties import item_length, visible_start
from ...timeline.rate import seconds
from .clip_audio import ClipAudio
from .ducking import ATTACK_S, RELEASE_S, spoken
from .mix import AudioTrack, Clip, Mix, continuous, lanes_of, retimed, with_speech

Window: TypeAlias = tuple[Fraction, Fraction]
"""Seconds of the reel, half-open."""
Offsets: TypeAlias = tuple[Fraction, Fraction]
"""Seconds of a crossfade before and after its cut."""
_NO_CROSSFADE: Offsets = (Fraction(0), Fraction(0))
_CLIP_SOUND = "sound_gain_db"
_OVERRUN_S = Fraction(1, 4)
"""Seconds by which a clip may overrun its file without a warning."""


def read_mix(
    timeline: otio.schema.Timeline,
    root: Path,
    length_s: Fraction,
    *,
    remote: Mapping[str, Path] | None = None,
    clip_sound_db: float | None = None,
) -> Mix:
    """Return the mix that a timeline describes.

    Metadata of an audio track may hold ``gain_db``, ``duck_db``, ``attack``, ``release``,
    ``fade_in`` and ``fade_out`` (seconds); those of a clip on it, or Resolve's, levels as in
    `clip_levels`. Tracks with ``duck_db`` duck under the words in the timeline's metadata; without
    words, under the loud parts of the voice: the tracks of the role ``narration``, else all that
    do not duck.

    The sound of a picture clip's media is mixed in if its metadata, or those of a composition it is
    in, hold ``sound_gain_db``.

    Args:
        timeline: any timeline.
        root: the folder that relative media paths start in.
        length_s: length of the reel, in seconds; later sound is cut off.
        remote: downloaded files by their URL.
        clip_sound_db: level of picture clips' own sound if metadata state none; None mutes it.

    Returns:
        The mix. Missing sound is silent, and listed in ``missing``.

    Raises:
        InputError: metadata hold invalid numbers; lists all of them.
    """
    reader = _MixReader(ClipAudio(root, remote or {}))
    tracks = []
    window = (Fraction(0), length_s)
    at = -visible_start(timeline)
    for track in timeline.tracks:
        if not track.enabled:
            continue
        kinds = otio.schema.TrackKind
        picture = isinstance(track, otio.schema.Track) and track.kind != kinds.Audio
        level = reader.clip_sound(track, clip_sound_db) if picture else None
        clips = reader.clips(track, at, window, level=level, picture=picture)
        for lane in lanes_of(clips):
            exact = tuple(continuous(lane))
            tracks.append(
                AudioTrack(exact, role="picture") if picture else reader.track(track, exact)
            )
    if reader.problems:
        raise InputError(dict.fromkeys(reader.problems))
    mix = Mix(
        tuple(tracks),
        round(length_s * SAMPLE_RATE),
        missing=tuple(dict.fromkeys(reader.missing)),
        warnings=tuple(dict.fromkeys(reader.warnings)),
    )
    return with_speech(mix, spoken(timeline))


@dataclass
class _MixReader:
    audio: ClipAudio
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)

    def track(self, track: otio.schema.Track, clips: tuple[Clip, ...]) -> AudioTrack:
        """Return a track with the levels and fades of its metadata."""
        return AudioTrack(
            clips=clips,
            gain_db=self._number(track, "gain_db", 0.0),
            duck_db=self._number(track, "duck_db", 0.0),
            attack_s=max(0.0, self._number(track, "attack", ATTACK_S)),
            release_s=max(0.0, self._number(track, "release", RELEASE_S)),
            role=str(own_metadata(track).get("role", "")),
            fade_in_s=self._number(track, "fade_in", 0.0),
            fade_out_s=self._number(track, "fade_out", 0.0),
        )

    def clip_sound(self, item: otio.core.Item, inherited: float | None) -> float | None:
        """Return the level of picture clips' sound in an item; None if muted."""
        if own_metadata(item).get(_CLIP_SOUND) is None:
            return inherited
        return self._number(item, _CLIP_SOUND, 0.0)

    def clips(
        self,
        item: otio.core.Composable,
        at: Fraction,
        window: Window,
        fades: tuple[Offsets, Offsets] = (_NO_CROSSFADE, _NO_CROSSFADE),
        *,
        level: float | None = None,
        picture: bool = False,
    ) -> Iterator[Clip]:
        """Yield the clips in an item that play within a window, in order.

        Args:
            item: any child of a composition.
            at: seconds of the reel at which the item starts.
            window: seconds of the reel, half-open.
            fades: the crossfades into and out of the item.
            level: of picture clips' own sound; None if muted.
            picture: whether the item is on a picture track.
        """
        if isinstance(item, otio.schema.Gap) or not item.enabled:
            return
        level = self.clip_sound(item, level) if isinstance(item, otio.core.Item) else level
        if isinstance(item, otio.schema.Clip):
            if not picture:
                speed = self._speed(item, picture)
                yield from self._clip(item, at, window, fades, speed, self._levels(item))
            elif level is not None and self.audio.is_audible(item):
                speed = self._speed(item, picture)
                levels = ClipLevels(((Fraction(0), level),))
                yield from self._clip(item, at, window, fades, speed, levels, picture=True)
            return
        if not isinstance(item, otio.schema.Track | otio.schema.Stack):
            if not picture:
                what = f"{label_of(item)}: a {type(item).__name__} cannot be played"
                self.warnings.append(Notice("effect", what))
            return
        speed = self._speed(item, picture)
        if not speed:
            return
        began, length = at, item_length(item)
        ended = began + length
        inside = (max(window[0], began), min(window[1], ended))
        pivot = began if speed > 0 else began - length * speed / (1 - speed)
        edges = sorted(pivot + (edge - pivot) * speed for edge in inside)
        if item.source_range is not None:
            at -= seconds(item.source_range.start_time)
        found = self._children(item, at, (edges[0], edges[1]), level, picture)
        yield from found if speed == 1 else retimed(found, pivot * SAMPLE_RATE, speed)

    def _children(
        self,
        item: otio.schema.Track | otio.schema.Stack,
        at: Fraction,
        window: Window,
        level: float | None,
        picture: bool,
    ) -> Iterator[Clip]:
        if isinstance(item, otio.schema.Stack):
            for child in item:
                is_picture = picture
                if isinstance(child, otio.schema.Track):
                    is_picture = child.kind != otio.schema.TrackKind.Audio
                yield from self.clips(child, at, window, level=level, picture=is_picture)
            return
        children = list(item)
        for index, child in enumerate(children):
            if isinstance(child, otio.schema.Transition):
                continue
            into = _offsets(children[index - 1] if index else None)
            if index == 1:  # A transition at the start of a track: nothing plays before the track.
                into = (Fraction(0), into[1])
            out = _offsets(children[index + 1] if index + 1 < len(children) else None)
            yield from self.clips(child, at, window, (into, out), level=level, picture=picture)
            at += item_length(child)

    def _clip(
        self,
        clip: otio.schema.Clip,
        at: Fraction,
        window: Window,
        fades: tuple[Offsets, Offsets],
        speed: Fraction,
        levels: ClipLevels,
        *,
        picture: bool = False,
    ) -> Iterator[Clip]:
        info = self._media(clip)
        if info is None or not speed:
            return
        # A picture counts from its first frame, sound from the start of the file.
        late = info.video.start if picture and info.video is not None else Fraction(0)
        (lead, fade_in), (fade_out, trail) = fades
        length = item_length(clip)
        start, end = at - lead, at + length + trail
        first, last = max(start, window[0]), min(end, window[1])
        if first >= last:
            return
        begin = source_start(clip) - (length * speed if speed < 0 else 0)
        source = begin + (first - at) * speed + late
        edges = sorted((source, source + (last - first) * speed))
        if not self._check_range(label_of(clip), info, (edges[0] - late, edges[1] - late)):
            return
        faded_in, faded_out = lead + fade_in, fade_out + trail
        place = source * SAMPLE_RATE
        points = [(round((at + time) * SAMPLE_RATE), level) for time, level in levels.points]
        yield Clip(
            path=info.path,
            start=round(first * SAMPLE_RATE),
            end=round(last * SAMPLE_RATE),
            source=round(place) if speed == 1 else place,
            fade_in=round((faded_in or levels.fade_in) * SAMPLE_RATE) if first == start else 0,
            fade_out=round((faded_out or levels.fade_out) * SAMPLE_RATE) if last == end else 0,
            speed=speed,
            gain_db=levels.gain_db if len(points) < 2 else 0.0,
            levels=tuple(points) if len(points) > 1 else (),
            linear_fades=(
                levels.is_linear and not faded_in,
                levels.is_linear and not faded_out,
            ),
        )

    def _check_range(self, name: str, info: MediaInfo, used: Window) -> bool:
        """Warn of a range beyond the end of its file; False if none of it is in the file."""
        if not info.duration:
            return True
        length = f"which holds {float(info.duration):.2f} s"
        if used[0] >= info.duration:
            what = f"it starts {float(used[0]):.2f} s into {info.path.name}, {length}; it is silent"
            self.warnings.append(Notice("range", f"{name}: {what}"))
            return False
        if used[1] > info.duration + _OVERRUN_S:
            what = f"it plays up to {float(used[1]):.2f} s of {info.path.name}, {length}"
            self.warnings.append(Notice("range", f"{name}: {what}; the rest is silent"))
        return True

    def _number(self, item: otio.core.Item, name: str, default: float) -> float:
        try:
            return number_of(item, name, default)
        except InputError as error:
            self.problems += error.problems
            return default

    def _levels(self, clip: otio.schema.Clip) -> ClipLevels:
        try:
            return clip_levels(clip)
        except InputError as error:
            self.problems += error.problems
            return ClipLevels()

    def _speed(self, item: otio.core.Item, picture: bool) -> Fraction:
        """Return the speed of an item; 0, a `FreezeFrame`, is silent."""
        for effect in () if picture else unsupported_effects(item):
            what = f"{label_of(item)}: the effect {effect} cannot be played; it plays without it"
            self.warnings.append(Notice("effect", what))
        return speed_of(item)

    def _media(self, clip: otio.schema.Clip) -> MediaInfo | None:
        reference = clip.media_reference
        if isinstance(reference, otio.schema.GeneratorReference):
            what = f"{label_of(clip)}: the generator {reference.generator_kind!r} is silent"
            self.warnings.append(Notice("effect", what))
            return None
        found = self.audio.find(clip)
        if isinstance(found, str):
            self.missing.append(f"{label_of(clip)}: {found}")
            return None
        return found


def _offsets(neighbour: object) -> Offsets:
    """Return the seconds of a crossfade before and after its cut; 0 if it is none."""
    if not isinstance(neighbour, otio.schema.Transition):
        return _NO_CROSSFADE
    return seconds(neighbour.in_offset), seconds(neighbour.out_offset)
