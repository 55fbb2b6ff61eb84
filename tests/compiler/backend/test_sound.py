"""Sound is where the timeline has it, as loud as it should be."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.ffmpeg import output_args, run
from otio_gvideo.compiler.backend.loudness import encode_audio, measure_file
from otio_gvideo.compiler.backend.mix import duck_envelope, read_mix
from otio_gvideo.compiler.backend.sound import SAMPLE_RATE, SoundReader
from otio_gvideo.compiler.timeline.rate import time, time_range

FPS = Fraction(24)


def make(path: Path, expression: str, seconds: float, rate: int = 48000) -> Path:
    source = f"aevalsrc='{expression}':s={rate}:d={seconds}"
    run(["-f", "lavfi", "-i", source, *output_args(path)], what="making sound")
    return path


def clip(path: Path, start: int, frames: int) -> otio.schema.Clip:
    media = otio.schema.ExternalReference(str(path), time_range(0, 24000, FPS))
    return otio.schema.Clip(path.stem, media, time_range(start, frames, FPS))


def timeline(*tracks: list[otio.core.Composable], **metadata: object) -> otio.schema.Timeline:
    made = otio.schema.Timeline("sound")
    for children in tracks:
        track = otio.schema.Track(kind=otio.schema.TrackKind.Audio)
        track.extend(children)
        made.tracks.append(track)
    made.metadata["otio_gvideo"] = metadata
    return made


def mixed(made: otio.schema.Timeline, frames: int) -> NDArray[np.float32]:
    return np.concatenate(list(read_mix(made, Path("/"), frames / FPS).blocks()))


def test_clips_are_placed_to_the_sample(tmp_path: Path) -> None:
    ramp = make(tmp_path / "ramp.wav", "t/10", 8)
    gap = otio.schema.Gap(source_range=time_range(0, 24, FPS))
    heard = mixed(timeline([clip(ramp, 0, 48), gap, clip(ramp, 48, 48)]), 120)
    assert heard.shape == (5 * SAMPLE_RATE, 2)
    places = np.arange(len(heard)) / SAMPLE_RATE
    middle = heard[SAMPLE_RATE // 2 : SAMPLE_RATE * 3 // 2, 0]
    assert np.abs(middle - places[SAMPLE_RATE // 2 : SAMPLE_RATE * 3 // 2] / 10).max() < 1e-4
    assert np.abs(heard[SAMPLE_RATE * 2 : SAMPLE_RATE * 3]).max() == 0
    late = heard[SAMPLE_RATE * 7 // 2 : SAMPLE_RATE * 9 // 2, 0]
    assert (
        np.abs(late - (places[SAMPLE_RATE * 7 // 2 : SAMPLE_RATE * 9 // 2] - 1) / 10).max() < 1e-4
    )


def test_a_recording_that_runs_on_over_a_cut_is_not_touched(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.5*sin(440*2*PI*t)", 4)
    whole = mixed(timeline([clip(tone, 0, 96)]), 96)
    cut = mixed(timeline([clip(tone, 0, 48), clip(tone, 48, 48)]), 96)
    assert np.array_equal(whole, cut)


@pytest.mark.parametrize(("rate", "suffix"), [(22050, "flac"), (44100, "mp3"), (48000, "m4a")])
def test_any_rate_and_codec_keeps_its_place(tmp_path: Path, rate: int, suffix: str) -> None:
    click = make(tmp_path / f"click.{suffix}", "0.9*between(t,1.0,1.005)*sin(2000*2*PI*t)", 2, rate)
    samples = SoundReader(click).read(0, 2 * SAMPLE_RATE)[:, 0]
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    assert abs(loud[0] / SAMPLE_RATE - 1.0) < 0.003


def test_reading_back_and_forth_gives_the_same_samples(tmp_path: Path) -> None:
    noise = make(tmp_path / "noise.flac", "random(0)-0.5", 3)
    reader = SoundReader(noise)
    whole = reader.read(0, 3 * SAMPLE_RATE)
    for start, count in ((70_000, 5000), (10, 20), (140_000, 10_000), (0, 1)):
        part = reader.read(start, count)
        expected = np.zeros((count, 2), np.float32)
        available = whole[start : start + count]
        expected[: len(available)] = available
        assert np.array_equal(part, expected)


def test_music_ducks_by_the_words_by_exactly_what_is_asked(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.5*sin(440*2*PI*t)", 10)
    made = timeline([clip(tone, 0, 240)], words=[{"text": "a", "start": 4.0, "end": 6.0}])
    made.tracks[0].metadata["otio_gvideo"] = {"role": "music", "gain_db": -6, "duck_db": 12}
    heard = mixed(made, 240)[:, 0]

    def level(start: float, end: float) -> float:
        part = heard[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
        return 20 * float(np.log10(np.sqrt(np.mean(part**2)) * np.sqrt(2)))

    assert level(1, 3.5) == pytest.approx(-12.02, abs=0.05)
    assert level(4.1, 5.9) == pytest.approx(-24.02, abs=0.05)
    assert level(7, 9) == pytest.approx(-12.02, abs=0.05)


def test_ducking_does_not_flutter_between_words() -> None:
    times, depths = duck_envelope([(1.0, 1.4), (1.5, 2.0), (2.7, 3.0), (5.0, 6.0)])
    assert np.interp([1.45, 2.35], times, depths).tolist() == [1.0, 1.0]
    assert np.interp(4.0, times, depths) == 0.0


def test_loops_cross_fade_without_a_hole(tmp_path: Path) -> None:
    bed = make(tmp_path / "bed.wav", "random(0)-0.5", 4)
    fade = otio.schema.Transition(
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=time(6, FPS),
        out_offset=time(6, FPS),
    )
    heard = mixed(timeline([clip(bed, 0, 90), fade, clip(bed, 6, 90)]), 180)[:, 0]
    blocks = heard[: SAMPLE_RATE * 7].reshape(-1, SAMPLE_RATE // 10)
    power = 10 * np.log10((blocks**2).mean(axis=1))
    assert power.max() - power.min() < 1.0


@pytest.mark.parametrize("gain", [0.02, 0.3, 0.99])
def test_loudness_is_brought_to_the_target_under_the_peak(tmp_path: Path, gain: float) -> None:
    peaky = f"{gain}*(0.3*sin(300*2*PI*t)+0.7*sin(997*2*PI*t)*between(mod(t,0.5),0,0.02))"
    made = timeline([clip(make(tmp_path / "peaky.wav", peaky, 8), 0, 192)])
    measure = encode_audio(read_mix(made, tmp_path, Fraction(8)), tmp_path / "sound.mp4")
    assert measure == measure_file(tmp_path / "sound.mp4")
    assert measure.lufs == pytest.approx(-14, abs=0.6)
    assert measure.dbtp <= -1.0


def test_encoded_sound_is_in_step_with_its_source(tmp_path: Path) -> None:
    noise = make(tmp_path / "noise.wav", "(random(0)-0.5)*(0.2+0.8*between(mod(t,1),0,0.3))", 4)
    made = timeline([clip(noise, 0, 96)])
    encode_audio(read_mix(made, tmp_path, Fraction(4)), tmp_path / "sound.mp4")
    source = mixed(made, 96)[:, 0]
    with av.open(str(tmp_path / "sound.mp4")) as container:
        blocks = []
        for frame in container.decode(audio=0):
            blocks.append(frame.to_ndarray()[0])
    decoded = np.concatenate(blocks)[: len(source)]
    size = min(len(source), len(decoded))
    spectrum = np.fft.rfft(decoded[:size]) * np.conj(np.fft.rfft(source[:size]))
    lag = int(np.argmax(np.abs(np.fft.irfft(spectrum))))
    assert min(lag, size - lag) / SAMPLE_RATE < 0.005
