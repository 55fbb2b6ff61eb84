"""The sound of an OTIO timeline as a mix: audio tracks, clips' own sound, and the words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import opentimelineio as otio

from ...errors import InputError, Place, Problem, WorkError
from ...media.probe import MediaInfo, probe
from ...media.samples import SAMPLE_RATE
from ...notices import Notice
from ...timeline.effects import speed_of, unsupported_effects
from ...timeline.media import media_path, source_start
from ...timeline.metadata import own_metadata
from ...timeline.rate import seconds
from .ducking import ATTACK_S, RELEASE_S, loud_stretches
from .mix import AudioTrack, Clip, Mix, retimed

Window: TypeAlias = tuple[Fraction, Fraction]
"""Reel seconds, half-open."""
Reach: TypeAlias = tuple[Fraction, Fraction]
"""Seconds of a crossfade before and after its cut."""
_NOWHERE = (Fraction(0), Fraction(0))
_OWN_SOUND = "sound_gain_db"
_BEYOND_S = Fraction(1, 4)
"""Seconds that a clip may reach beyond its file without a word."""
_MOST_DB, _MOST_S = 300, 86_400
"""Levels and times that metadata may state."""


def read_mix(
    timeline: otio.schema.Timeline,
    root: Path,
    length_s: Fraction,
    *,
    remote: Mapping[str, Path] | None = None,
    clip_sound_db: float | None = None,
) -> Mix:
    """The mix that a timeline describes.

    The metadata of an audio track may state ``gain_db``, ``duck_db``, ``attack``, ``release``,
    ``fade_in`` and ``fade_out`` (seconds), those of a clip on one ``gain_db``, ``fade_in`` and
    ``fade_out``. What is ducked gives way to the words in the timeline's metadata; where there are
    none, to the voice while it is loud: the tracks of the role ``narration``, else all that are
    not ducked.

    The sound of a picture clip's own media is heard where its metadata, or those of a track that
    it is on, state ``sound_gain_db``.

    Args:
        timeline: its tracks, and the words in its metadata.
        root: the folder that relative media are named from.
        length_s: of the reel, in seconds; sound after it is not heard.
        remote: files that were fetched, by the URL that clips name them by.
        clip_sound_db: the level of picture clips' own sound where no metadata state one; None to
            leave it out.

    Returns:
        The mix. Sound that cannot be read is named in ``missing``; silence stands in for it.

    Raises:
        InputError: what metadata state cannot be used; names every such thing.
    """
    reader = _MixReader(root, remote or {})
    tracks = []
    window = (Fraction(0), length_s)
    for track in timeline.tracks:
        if not track.enabled or not isinstance(track, otio.schema.Track):
            continue
        picture = track.kind != otio.schema.TrackKind.Audio
        own = reader.own_sound(track, clip_sound_db) if picture else None
        clips = reader.clips(track, Fraction(0), window, own=own, picture=picture)
        for lane in _lanes(clips):
            heard = tuple(_unbroken(lane))
            tracks.append(
                AudioTrack(heard, role="picture") if picture else reader.track(track, heard)
            )
    if reader.problems:
        raise InputError(dict.fromkeys(reader.problems))
    mix = Mix(
        tuple(tracks),
        round(length_s * SAMPLE_RATE),
        missing=tuple(dict.fromkeys(reader.missing)),
        warnings=tuple(dict.fromkeys(reader.warnings)),
    )
    if not any(track.duck_db for track in tracks):
        return mix
    words = own_metadata(timeline).get("words") or ()
    speech = tuple((float(word["start"]), float(word["end"])) for word in words)
    if not speech:
        voices = voice_tracks(mix)
        speech = loud_stretches(Mix(voices, mix.samples).blocks()) if voices else ()
    return replace(mix, speech=speech)


def voice_tracks(mix: Mix) -> tuple[AudioTrack, ...]:
    """The tracks that somebody speaks on: the narration, else all that give way to nothing."""
    heard = [track for track in mix.tracks if track.clips]
    narration = tuple(track for track in heard if track.role == "narration")
    others = ("music", "effects", "picture")
    return narration or tuple(
        track for track in heard if not track.duck_db and track.role not in others
    )


@dataclass
class _MixReader:
    root: Path
    remote: Mapping[str, Path] = field(default_factory=dict)
    media: dict[Path, MediaInfo | WorkError] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)

    def track(self, track: otio.schema.Track, clips: tuple[Clip, ...]) -> AudioTrack:
        """A track with what its metadata say of how it sounds."""
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

    def own_sound(self, item: otio.core.Item, above: float | None) -> float | None:
        """The level of the sound of picture clips in an item; None where it is not heard."""
        if own_metadata(item).get(_OWN_SOUND) is None:
            return above
        return self._number(item, _OWN_SOUND, 0.0)

    def clips(
        self,
        item: otio.core.Composable,
        at: Fraction,
        window: Window,
        fades: tuple[Reach, Reach] = (_NOWHERE, _NOWHERE),
        *,
        own: float | None = None,
        picture: bool = False,
    ) -> Iterator[Clip]:
        """The clips within an item that are heard in a window, in order.

        Args:
            item: any child of a composition.
            at: reel seconds at which it begins.
            window: reel seconds, half-open.
            fades: of the crossfades into and out of it.
            own: the level of picture clips' own sound; None where it is not heard.
            picture: whether it lies on a picture track.
        """
        if isinstance(item, otio.schema.Gap) or not item.enabled:
            return
        own = self.own_sound(item, own) if isinstance(item, otio.core.Item) else own
        if isinstance(item, otio.schema.Clip):
            if not picture:
                speed = self._speed(item, picture)
                gain = self._number(item, "gain_db", 0.0)
                yield from self._clip(item, at, window, fades, speed, gain)
            elif own is not None and self._has_sound(item):
                speed = self._speed(item, picture)
                yield from self._clip(item, at, window, fades, speed, own)
            return
        if not isinstance(item, otio.schema.Track | otio.schema.Stack):
            if not picture:
                what = f"{item.name}: a {type(item).__name__} cannot be played"
                self.warnings.append(Notice("effect", what))
            return
        speed = self._speed(item, picture)
        if not speed:
            return
        began, length = at, seconds(item.duration())
        ended = began + length
        inside = (max(window[0], began), min(window[1], ended))
        pivot = began if speed > 0 else began - length * speed / (1 - speed)
        edges = sorted(pivot + (edge - pivot) * speed for edge in inside)
        if item.source_range is not None:
            at -= seconds(item.source_range.start_time)
        found = self._children(item, at, (edges[0], edges[1]), own, picture)
        yield from found if speed == 1 else retimed(found, pivot * SAMPLE_RATE, speed)

    def _children(
        self,
        item: otio.schema.Track | otio.schema.Stack,
        at: Fraction,
        window: Window,
        own: float | None,
        picture: bool,
    ) -> Iterator[Clip]:
        if isinstance(item, otio.schema.Stack):
            for child in item:
                silent = picture
                if isinstance(child, otio.schema.Track):
                    silent = child.kind != otio.schema.TrackKind.Audio
                yield from self.clips(child, at, window, own=own, picture=silent)
            return
        children = list(item)
        for index, child in enumerate(children):
            if isinstance(child, otio.schema.Transition):
                continue
            into = _reach(children[index - 1] if index else None)
            if index == 1:  # what lies before the track is not heard, so it fades in from its start
                into = (Fraction(0), into[1])
            out = _reach(children[index + 1] if index + 1 < len(children) else None)
            yield from self.clips(child, at, window, (into, out), own=own, picture=picture)
            at += seconds(child.duration())

    def _clip(
        self,
        clip: otio.schema.Clip,
        at: Fraction,
        window: Window,
        fades: tuple[Reach, Reach],
        speed: Fraction,
        gain_db: float,
    ) -> Iterator[Clip]:
        info = self._info(clip)
        if info is None or not speed:
            return
        (lead, fade_in), (fade_out, trail) = fades
        length = seconds(clip.duration())
        start, end = at - lead, at + length + trail
        heard = (max(start, window[0]), min(end, window[1]))
        if heard[0] >= heard[1]:
            return
        begin = source_start(clip) - (length * speed if speed < 0 else 0)
        source = begin + (heard[0] - at) * speed
        first = min(source, source + (heard[1] - heard[0]) * speed)
        if info.duration and first >= info.duration:
            what = (
                f"{clip.name}: it starts {float(first):.2f} s into {info.path.name}, "
                f"which holds {float(info.duration):.2f} s; it is silent"
            )
            self.warnings.append(Notice("range", what))
            return
        last = max(source, source + (heard[1] - heard[0]) * speed)
        if info.duration and last > info.duration + _BEYOND_S:
            what = (
                f"{clip.name}: it plays up to {float(last):.2f} s of {info.path.name}, "
                f"which holds {float(info.duration):.2f} s; the rest is silent"
            )
            self.warnings.append(Notice("range", what))
        faded_in = lead + fade_in or Fraction(self._number(clip, "fade_in", 0.0))
        faded_out = fade_out + trail or Fraction(self._number(clip, "fade_out", 0.0))
        place = source * SAMPLE_RATE
        yield Clip(
            path=info.path,
            start=round(heard[0] * SAMPLE_RATE),
            end=round(heard[1] * SAMPLE_RATE),
            source=round(place) if speed == 1 else place,
            fade_in=round(faded_in * SAMPLE_RATE) if heard[0] == start else 0,
            fade_out=round(faded_out * SAMPLE_RATE) if heard[1] == end else 0,
            speed=speed,
            gain_db=gain_db,
        )

    def _number(self, item: otio.core.Item, name: str, default: float) -> float:
        value: Any = own_metadata(item).get(name, default)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        most = _MOST_DB if name.endswith("_db") else _MOST_S
        if not abs(number) <= most:
            what = f"is more than {most:,}" if math.isfinite(number) else "is no number"
            place = Place(where=str(item.name))
            self.problems.append(Problem.at(place, f"{name} {value!r} {what}"))
            return default
        return number

    def _speed(self, item: otio.core.Item, picture: bool) -> Fraction:
        """How fast an item plays: `LinearTimeWarp`s multiply; 0, a `FreezeFrame`, is silent."""
        for effect in () if picture else unsupported_effects(item):
            what = f"{item.name}: the effect {effect} cannot be played; it is heard without"
            self.warnings.append(Notice("effect", what))
        return speed_of(item)

    def _has_sound(self, clip: otio.schema.Clip) -> bool:
        """Whether a picture clip's media can be heard; what is missing the picture tells of."""
        reference = clip.media_reference
        if not isinstance(reference, otio.schema.ExternalReference):
            return False
        path = self._path(reference)
        info = self._probed(path) if path is not None and path.is_file() else None
        return isinstance(info, MediaInfo) and info.audio is not None

    def _info(self, clip: otio.schema.Clip) -> MediaInfo | None:
        name, reference = str(clip.name), clip.media_reference
        if isinstance(reference, otio.schema.GeneratorReference):
            what = f"{name}: the generator {reference.generator_kind!r} is silent"
            self.warnings.append(Notice("effect", what))
            return None
        if not isinstance(reference, otio.schema.ExternalReference) or not reference.target_url:
            kind = type(reference).__name__
            self.missing.append(f"{name}: it has no sound file ({kind})")
            return None
        path = self._path(reference)
        if path is None or not path.is_file():
            shown = path or reference.target_url
            self.missing.append(f"{name}: its sound {shown} does not exist")
            return None
        info = self._probed(path)
        if isinstance(info, WorkError):
            self.missing.append(f"{name}: {info}")
            return None
        if info.audio is None or not info.audio.samples:
            self.missing.append(f"{name}: {path} holds no sound")
            return None
        return info

    def _path(self, reference: otio.schema.ExternalReference) -> Path | None:
        url = str(reference.target_url)
        return self.remote.get(url) or media_path(reference, self.root)

    def _probed(self, path: Path) -> MediaInfo | WorkError:
        if path not in self.media:
            try:
                self.media[path] = probe(path)
            except WorkError as error:
                self.media[path] = error
        return self.media[path]


def _reach(neighbour: object) -> Reach:
    """Seconds that a crossfade takes before and after its cut."""
    if not isinstance(neighbour, otio.schema.Transition):
        return _NOWHERE
    return seconds(neighbour.in_offset), seconds(neighbour.out_offset)


def _lanes(clips: Iterable[Clip]) -> list[list[Clip]]:
    """Clips as rows, each in order, for those that nested tracks play at once."""
    lanes: list[list[Clip]] = []
    for clip in clips:
        lane = next((lane for lane in lanes if lane[-1].start <= clip.start), None)
        if lane is None:
            lanes.append([clip])
        else:
            lane.append(clip)
    return lanes


def _unbroken(clips: Iterable[Clip]) -> Iterator[Clip]:
    """Clips that continue a recording do so to the sample, also where rounding says otherwise."""
    before: Clip | None = None
    for clip in clips:
        made = clip
        if before is not None and before.path == clip.path and before.end == clip.start:
            onward = before.source + (before.end - before.start) * before.speed
            if before.speed == clip.speed and abs(onward - clip.source) <= 1:
                made = replace(clip, source=onward)
        yield made
        before = made
