"""The sound of an OTIO timeline as a mix: its audio tracks, also nested ones, and the words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..errors import InputError, Problem, WorkError
from .ducking import loud_stretches
from .mix import AudioTrack, Clip, Mix
from .probe import MediaInfo, probe
from .reading import media_path, ours, seconds, source_start
from .sound import SAMPLE_RATE

_NOWHERE = (Fraction(0), Fraction(0))


def read_mix(
    timeline: otio.schema.Timeline,
    root: Path,
    length_s: Fraction,
    *,
    remote: Mapping[str, Path] | None = None,
) -> Mix:
    """The mix that a timeline describes.

    A track's metadata may state ``gain_db``, ``duck_db``, ``fade_in`` and ``fade_out`` (seconds).
    What is ducked gives way to the words in the timeline's metadata; where there are none, to the
    tracks that are not ducked, while they are loud.

    Args:
        timeline: its audio tracks, and the words in its metadata.
        root: the folder that relative media are named from.
        length_s: of the reel, in seconds; sound after it is not heard.

    Raises:
        InputError: metadata of a track are wrong; names every such thing.
    """
    reader = _Reader(root, remote or {})
    tracks = []
    window = (Fraction(0), length_s)
    for track in timeline.audio_tracks():
        if not track.enabled:
            continue
        clips = tuple(_unbroken(reader.clips(track, Fraction(0), window)))
        tracks.append(reader.track(track, clips))
    if reader.problems:
        raise InputError(dict.fromkeys(reader.problems))
    mix = Mix(
        tuple(tracks),
        round(length_s * SAMPLE_RATE),
        warnings=tuple(dict.fromkeys(reader.warnings)),
        missing=tuple(dict.fromkeys(reader.missing)),
    )
    if not any(track.duck_db for track in tracks):
        return mix
    words = ours(timeline).get("words") or ()
    speech = tuple((float(word["start"]), float(word["end"])) for word in words)
    if not speech:
        voices = tuple(track for track in tracks if not track.duck_db and track.clips)
        speech = loud_stretches(Mix(voices, mix.samples).blocks()) if voices else ()
    return replace(mix, speech=speech)


@dataclass
class _Reader:
    root: Path
    remote: Mapping[str, Path]
    media: dict[Path, MediaInfo | WorkError] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def refuse(self, where: str, what: str, hint: str = "") -> None:
        self.problems.append(Problem("", 0, 0, where, what, hint))

    def track(self, track: otio.schema.Track, clips: tuple[Clip, ...]) -> AudioTrack:
        """A track with what its metadata say of how it sounds."""
        stated = ours(track)

        def number(name: str) -> float:
            value: Any = stated.get(name, 0.0)
            try:
                return float(value)
            except (TypeError, ValueError):
                self.refuse(str(track.name), f"{name} {value!r} is no number")
                return 0.0

        return AudioTrack(
            clips=clips,
            gain_db=number("gain_db"),
            duck_db=number("duck_db"),
            fade_in_s=number("fade_in"),
            fade_out_s=number("fade_out"),
        )

    def clips(
        self,
        item: otio.core.Composable,
        at: Fraction,
        window: tuple[Fraction, Fraction],
        fades: tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]] = (_NOWHERE, _NOWHERE),
    ) -> Iterator[Clip]:
        """The clips within an item that are heard in a window, in order.

        Args:
            item: any child of a composition.
            at: reel seconds at which it begins.
            window: reel seconds, half-open.
            fades: seconds before and after the cut of the crossfades into and out of it.
        """
        if isinstance(item, otio.schema.Gap) or not item.enabled:
            return
        if not self._plays(item):
            return
        if isinstance(item, otio.schema.Clip):
            clip = self._clip(item, at, window, fades)
            if clip is not None:
                yield clip
            return
        if not isinstance(item, otio.schema.Track | otio.schema.Stack):
            self.warnings.append(f"{item.name}: a {type(item).__name__} cannot be played")
            return
        if item.source_range is not None:
            inner = item.source_range
            window = (max(window[0], at), min(window[1], at + seconds(inner.duration)))
            at -= seconds(inner.start_time)
        if isinstance(item, otio.schema.Stack):
            for child in item:
                is_track = isinstance(child, otio.schema.Track)
                if not is_track or child.kind == otio.schema.TrackKind.Audio:
                    yield from self.clips(child, at, window)
            return
        children = list(item)
        for index, child in enumerate(children):
            if isinstance(child, otio.schema.Transition):
                continue
            into = _reach(children[index - 1] if index else None)
            out = _reach(children[index + 1] if index + 1 < len(children) else None)
            yield from self.clips(child, at, window, (into, out))
            at += seconds(child.duration())

    def _plays(self, item: otio.core.Item) -> bool:
        """Whether an item is heard with the effects that it has; those that are not, are told."""
        for effect in item.effects:
            still = isinstance(effect, otio.schema.LinearTimeWarp) and effect.time_scalar == 1
            if not effect.enabled or still:
                continue
            kind = effect.effect_name or effect.name or effect.schema_name()
            if isinstance(effect, otio.schema.TimeEffect):
                self.warnings.append(f"{item.name}: its sound cannot be played at another speed "
                                     f"({kind}); it is left out")  # fmt: skip
                return False
            self.warnings.append(f"{item.name}: the effect {kind} cannot be played; "
                                 "it is heard without")  # fmt: skip
        return True

    def _clip(
        self,
        clip: otio.schema.Clip,
        at: Fraction,
        window: tuple[Fraction, Fraction],
        fades: tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]],
    ) -> Clip | None:
        info = self._info(clip)
        if info is None or info.audio is None:
            return None
        (lead, fade_in), (fade_out, trail) = fades
        start, end = at - lead, at + seconds(clip.duration()) + trail
        heard = (max(start, window[0]), min(end, window[1]))
        if heard[0] >= heard[1]:
            return None
        source = source_start(clip) - lead
        if info.duration and source + heard[0] - start >= info.duration:
            self.warnings.append(
                f"{clip.name}: it starts {float(source):.2f} s into {info.path.name}, "
                f"which holds {float(info.duration):.2f} s; it is silent"
            )
            return None
        return Clip(
            path=info.path,
            start=round(heard[0] * SAMPLE_RATE),
            end=round(heard[1] * SAMPLE_RATE),
            source=round((source + heard[0] - start) * SAMPLE_RATE),
            fade_in=round((lead + fade_in) * SAMPLE_RATE) if heard[0] == start else 0,
            fade_out=round((fade_out + trail) * SAMPLE_RATE) if heard[1] == end else 0,
        )

    def _info(self, clip: otio.schema.Clip) -> MediaInfo | None:
        name, reference = str(clip.name), clip.media_reference
        if isinstance(reference, otio.schema.GeneratorReference):
            self.warnings.append(f"{name}: the generator {reference.generator_kind!r} is silent")
            return None
        if not isinstance(reference, otio.schema.ExternalReference) or not reference.target_url:
            self.missing.append(f"{name}: it has no sound file ({type(reference).__name__})")
            return None
        path = self.remote.get(str(reference.target_url)) or media_path(reference, self.root)
        if path is None or not path.is_file():
            shown = path or reference.target_url
            self.missing.append(f"{name}: its sound {shown} does not exist")
            return None
        if path not in self.media:
            try:
                self.media[path] = probe(path)
            except WorkError as error:
                self.media[path] = error
        info = self.media[path]
        if isinstance(info, WorkError):
            self.missing.append(f"{name}: {info}")
            return None
        if info.audio is None:
            self.missing.append(f"{name}: {path} holds no sound")
            return None
        return info


def _reach(neighbour: object) -> tuple[Fraction, Fraction]:
    """Seconds that a crossfade takes before and after its cut."""
    if not isinstance(neighbour, otio.schema.Transition):
        return _NOWHERE
    return seconds(neighbour.in_offset), seconds(neighbour.out_offset)


def _unbroken(clips: Iterator[Clip]) -> Iterator[Clip]:
    """Clips that continue a recording do so to the sample, also where rounding says otherwise."""
    before: Clip | None = None
    for clip in clips:
        made = clip
        if before is not None and before.path == clip.path and before.end == clip.start:
            onward = before.source + before.end - before.start
            if abs(onward - clip.source) <= 1:
                made = replace(clip, source=onward)
        yield made
        before = made
