"""Retimed clips, and the sound of picture clips, play the right samples."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.audio.read_mix import read_mix
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.samples import SAMPLE_RATE
from otio_gvideo.compiler.timeline.rate import time_range

FPS = Fraction(24)


def make(path: Path, expression: str, seconds: float) -> Path:
    source = f"aevalsrc='{expression}':s=48000:d={seconds}"
    run(["-f", "lavfi", "-i", source, *output_args(path, "-c:a", "pcm_f32le")], what="making")
    return path


def clip(path: Path, start: int, frames: int, *speeds: float) -> otio.schema.Clip:
    media = otio.schema.ExternalReference(str(path), time_range(0, 24000, FPS))
    made = otio.schema.Clip(path.stem, media, time_range(start, frames, FPS))
    made.effects.extend(otio.schema.LinearTimeWarp("warp", time_scalar=s) for s in speeds)
    return made


def heard(frames: int, *tracks: otio.schema.Track, **values: float) -> NDArray[np.float32]:
    timeline = otio.schema.Timeline("t")
    timeline.tracks.extend(tracks)
    mix = read_mix(timeline, Path("/"), frames / FPS, **values)
    assert mix.missing == ()
    return np.concatenate(list(mix.blocks()))[:, 0]


def audio(*children: otio.core.Composable) -> otio.schema.Track:
    track = otio.schema.Track(kind=otio.schema.TrackKind.Audio)
    track.extend(children)
    return track


@pytest.mark.parametrize("speeds", [(2.0,), (0.5,), (1.5, 0.5), (-1.0,), (-2.0,)])
def test_a_retimed_clip_plays_its_range_at_its_speed(
    speeds: tuple[float, ...], tmp_path: Path
) -> None:
    ramp = make(tmp_path / "ramp.wav", "t/20", 12)
    speed = float(np.prod(speeds))
    sound = heard(60, audio(clip(ramp, 24, 48, *speeds)))
    times = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    # Backwards, it starts at the end of its range.
    wanted = (1 + times * speed if speed > 0 else 1 + (2 - times) * -speed) / 20
    inside = slice(SAMPLE_RATE // 10, -SAMPLE_RATE // 10)
    assert np.abs(sound[: 2 * SAMPLE_RATE][inside] - wanted[inside]).max() < 1e-4
    assert np.abs(sound[2 * SAMPLE_RATE + 10 :]).max() == 0


def test_resampling_does_not_alias(tmp_path: Path) -> None:
    tone = make(tmp_path / "high.wav", "0.5*sin(20000*2*PI*t)", 4)
    sound = heard(24, audio(clip(tone, 0, 24, 2.0)))
    assert np.abs(sound[2000:-2000]).max() < 0.01
    low = make(tmp_path / "low.wav", "0.5*sin(1000*2*PI*t)", 4)
    spectrum = np.abs(np.fft.rfft(heard(24, audio(clip(low, 0, 24, 2.0)))))
    assert int(spectrum.argmax()) == 2000


def test_a_frozen_clip_is_silent(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.5", 2)
    frozen = clip(tone, 0, 24)
    frozen.effects.append(otio.schema.FreezeFrame())
    sound = heard(48, audio(frozen, clip(tone, 0, 24)))
    assert np.abs(sound[: SAMPLE_RATE - 1]).max() == 0
    assert sound[SAMPLE_RATE + 200] == pytest.approx(0.5)


@pytest.mark.parametrize("speed", [2.0, -1.0])
def test_a_nested_track_is_retimed_as_a_whole(speed: float, tmp_path: Path) -> None:
    ramp = make(tmp_path / "ramp.wav", "t/20", 12)
    inner = audio(clip(ramp, 0, 72), clip(ramp, 72, 72))
    inner.source_range = time_range(24, 48, FPS)
    inner.effects.append(otio.schema.LinearTimeWarp("warp", time_scalar=speed))
    gap = otio.schema.Gap(source_range=time_range(0, 24, FPS))
    sound = heard(96, audio(gap, inner))
    assert np.abs(sound[:SAMPLE_RATE]).max() == 0
    times = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    wanted = (1 + times * speed if speed > 0 else 3 - times) / 20
    inside = slice(SAMPLE_RATE // 10, -SAMPLE_RATE // 10)
    assert np.abs(sound[SAMPLE_RATE : 3 * SAMPLE_RATE][inside] - wanted[inside]).max() < 1e-4


def film(path: Path) -> Path:
    run(
        [
            *("-f", "lavfi", "-i", "color=red:s=64x64:r=24:d=4"),
            *("-f", "lavfi", "-i", "aevalsrc='0.5*between(t,1,3)':s=48000:d=4"),
            *("-c:v", "libx264", "-c:a", "pcm_s16le"),
            *output_args(path),
        ],
        what="making a film",
    )
    return path


def test_a_picture_clips_own_sound_plays_at_the_stated_level(tmp_path: Path) -> None:
    movie = film(tmp_path / "film.mov")
    silent = heard(96, picture(clip(movie, 0, 96)))
    assert np.abs(silent).max() == 0
    stated = clip(movie, 0, 96)
    stated.metadata["otio_gvideo"] = {"sound_gain_db": -6}
    for sound in (
        heard(96, picture(stated)),
        heard(96, picture(clip(movie, 0, 96)), clip_sound_db=-6.0),
        heard(96, picture(clip(movie, 0, 96), sound_gain_db=-6)),
        heard(96, picture(stated), clip_sound_db=20.0),
    ):
        middle = sound[SAMPLE_RATE + 2000 : 3 * SAMPLE_RATE - 2000]
        assert middle == pytest.approx(0.5 * 10 ** (-6 / 20), abs=1e-3)
        assert np.abs(sound[: SAMPLE_RATE - 2000]).max() < 1e-3


def test_own_sound_crossfades_with_its_pictures(tmp_path: Path) -> None:
    movie = film(tmp_path / "film.mov")
    one, other = clip(movie, 24, 36), clip(movie, 36, 36)
    track = picture(one, dissolve(12), other)
    sound = heard(72, track, clip_sound_db=0.0)
    at = int(1.5 * SAMPLE_RATE)
    # Both play, at half power each.
    assert sound[at] == pytest.approx(0.5 * 2**0.5, abs=0.01)


def dissolve(frames: int) -> otio.schema.Transition:
    offset = otio.opentime.RationalTime(frames / 2, 24)
    kind = otio.schema.TransitionTypes.SMPTE_Dissolve
    return otio.schema.Transition(transition_type=kind, in_offset=offset, out_offset=offset)


def picture(*children: otio.core.Composable, **stated: float) -> otio.schema.Track:
    track = otio.schema.Track(kind=otio.schema.TrackKind.Video)
    track.extend(children)
    track.metadata["otio_gvideo"] = stated
    return track


def test_clips_have_levels_and_fades_of_their_own(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.5", 4)
    quiet = clip(tone, 24, 48)
    quiet.metadata["otio_gvideo"] = {"gain_db": -12, "fade_in": 0.5, "fade_out": 1}
    sound = heard(96, audio(quiet, clip(tone, 0, 48)))
    level = 0.5 * 10 ** (-12 / 20)
    assert sound[SAMPLE_RATE // 4] == pytest.approx(level * 0.5**0.5, abs=1e-3)
    assert sound[int(0.75 * SAMPLE_RATE)] == pytest.approx(level, abs=1e-4)
    assert sound[int(1.5 * SAMPLE_RATE)] == pytest.approx(level * 0.5**0.5, abs=1e-3)
    assert sound[3 * SAMPLE_RATE] == pytest.approx(0.5, abs=1e-4)


def test_all_tracks_of_a_nested_stack_play(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.25", 4)
    stack = otio.schema.Stack("stack")
    later = otio.schema.Gap(source_range=time_range(0, 24, FPS))
    stack.extend(
        [audio(clip(tone, 0, 72)), audio(later, clip(tone, 0, 48)), audio(clip(tone, 0, 24))]
    )
    sound = heard(72, audio(stack))
    assert sound[SAMPLE_RATE // 2] == pytest.approx(0.5, abs=1e-4)
    assert sound[2 * SAMPLE_RATE] == pytest.approx(0.5, abs=1e-4)
