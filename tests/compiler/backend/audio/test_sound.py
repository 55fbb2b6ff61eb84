"""The mix is exact to the sample, ducks, and meets its loudness."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.audio import loudness
from otio_gvideo.compiler.backend.audio.ducking import duck_envelope, spoken
from otio_gvideo.compiler.backend.audio.loudness import encode_audio, measure_file, target_of
from otio_gvideo.compiler.backend.audio.mix import AudioTrack, Clip, Mix
from otio_gvideo.compiler.backend.audio.read_mix import read_mix
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.media.samples import SAMPLE_RATE, SoundReader
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


def test_a_recording_that_continues_over_a_cut_is_unchanged(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.5*sin(440*2*PI*t)", 4)
    whole = mixed(timeline([clip(tone, 0, 96)]), 96)
    cut = mixed(timeline([clip(tone, 0, 48), clip(tone, 48, 48)]), 96)
    assert np.array_equal(whole, cut)


@pytest.mark.parametrize(("rate", "suffix"), [(22050, "flac"), (44100, "mp3"), (48000, "m4a")])
def test_any_rate_and_codec_stays_in_sync(tmp_path: Path, rate: int, suffix: str) -> None:
    click = make(tmp_path / f"click.{suffix}", "0.9*between(t,1.0,1.005)*sin(2000*2*PI*t)", 2, rate)
    samples = SoundReader(click).read(0, 2 * SAMPLE_RATE)[:, 0]
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    assert abs(loud[0] / SAMPLE_RATE - 1.0) < 0.003


@pytest.mark.parametrize("suffix", ["wav", "flac", "m4a", "ogg", "mp3"])
def test_a_seek_is_exact_to_the_sample(suffix: str, tmp_path: Path) -> None:
    noise = make(tmp_path / f"noise.{suffix}", "0.4*sin(2*PI*(200+20*t)*t)", 50, 44100)
    steady = SoundReader(noise)
    whole = np.concatenate([steady.read(at, SAMPLE_RATE) for at in range(0, 45 * 48000, 48000)])
    reader = SoundReader(noise)
    for place in (40 * SAMPLE_RATE, 1000, 30 * SAMPLE_RATE + 77):
        part = reader.read(place, 4000)
        # Half a sample at 48 kHz, by which rounding may shift a recording at 44.1 kHz.
        assert np.abs(part - whole[place : place + 4000]).max() < 0.06


def test_silence_beyond_the_end_and_sound_after_going_back(tmp_path: Path) -> None:
    reader = SoundReader(make(tmp_path / "a.wav", "0.5", 1))
    assert np.abs(reader.read(90 * SAMPLE_RATE, 100)).max() == 0
    assert np.abs(reader.read(-50, 100)[:50]).max() == 0
    assert reader.read(-50, 100)[50:].min() > 0.4
    assert reader.read(SAMPLE_RATE - 10, 20)[:, 0].round(1).tolist() == [0.5] * 10 + [0.0] * 10


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


def test_music_ducks_under_words_by_exactly_duck_db(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(("attack", "release"), [(0.25, 0.5), (0.1, 1.0), (1.0, 0.2)])
def test_ducking_follows_its_attack_and_release(
    attack: float, release: float, tmp_path: Path
) -> None:
    steady = make(tmp_path / "steady.wav", "0.5", 10)
    words = [{"text": "a", "start": 4.0, "end": 5.0}, {"text": "b", "start": 5.5, "end": 6.0}]
    made = timeline([clip(steady, 0, 240)], words=words)
    made.tracks[0].metadata["otio_gvideo"] = {
        "duck_db": 12,
        "attack": attack,
        "release": release,
    }
    heard = mixed(made, 240)[:, 0]
    times = np.arange(len(heard)) / SAMPLE_RATE
    # Linear in decibels: down before the first word, back up after the last.
    depth = np.interp(times, [4 - attack, 4, 6, 6 + release], [0, -12, -12, 0])
    measured = 20 * np.log10(heard[:-200] / 0.5)
    assert np.abs(measured - depth[:-200]).max() < 0.01


def test_effects_and_music_never_duck_other_tracks(tmp_path: Path) -> None:
    loud = make(tmp_path / "loud.wav", "0.5*sin(300*2*PI*t)", 4)
    made = timeline([clip(loud, 0, 96)], [clip(loud, 0, 96)])
    made.tracks[0].metadata["otio_gvideo"] = {"role": "effects"}
    made.tracks[1].metadata["otio_gvideo"] = {"role": "music", "duck_db": 12}
    assert read_mix(made, Path("/"), Fraction(4)).speech == ()


def test_ducking_does_not_flutter_between_words() -> None:
    envelope = duck_envelope([(1.0, 1.4), (1.5, 2.0), (2.7, 3.0), (5.0, 6.0)])
    assert envelope.at(np.array([1.45, 2.35])).tolist() == [1.0, 1.0]
    assert envelope.at(np.array([4.0])) == 0.0


def test_without_words_music_ducks_by_the_level_of_the_voice(tmp_path: Path) -> None:
    voice = make(tmp_path / "voice.wav", "0.3*sin(300*2*PI*t)*between(t,4,6)", 10)
    bed = make(tmp_path / "bed.wav", "0.1*sin(5000*2*PI*t)", 10)
    made = timeline([clip(voice, 0, 240)], [clip(bed, 0, 240)])
    made.tracks[1].metadata["otio_gvideo"] = {"duck_db": 12}
    read = read_mix(made, Path("/"), Fraction(10))
    assert len(read.speech) == 1
    assert read.speech[0] == pytest.approx((4.0, 6.0), abs=0.06)


def test_fades_are_those_of_the_music_not_of_the_reel(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.5", 4)
    gap = otio.schema.Gap(source_range=time_range(0, 24, FPS))
    made = timeline([gap, clip(tone, 0, 96)])
    made.tracks[0].metadata["otio_gvideo"] = {"fade_in": 1, "fade_out": 2}
    heard = mixed(made, 240)[:, 0]
    levels = heard[:: SAMPLE_RATE // 2][:12]
    wanted = [0, 0, 0, 0.25, 0.5, 0.5, 0.5, 0.375, 0.25, 0.125, 0, 0]
    assert levels == pytest.approx(wanted, abs=0.01)


def test_nested_tracks_play_within_their_range(tmp_path: Path) -> None:
    ramp = make(tmp_path / "ramp.wav", "t/10", 8)
    inner = otio.schema.Track("inner", kind=otio.schema.TrackKind.Audio)
    inner.append(clip(ramp, 24, 96))
    inner.source_range = time_range(12, 48, FPS)
    gap = otio.schema.Gap(source_range=time_range(0, 24, FPS))
    heard = mixed(timeline([gap, inner]), 120)[:, 0]
    assert np.abs(heard[:SAMPLE_RATE]).max() == 0
    assert np.abs(heard[3 * SAMPLE_RATE :]).max() == 0
    assert heard[SAMPLE_RATE * 2] == pytest.approx(0.25, abs=1e-3)


def test_the_range_of_the_whole_timeline_moves_its_sound(tmp_path: Path) -> None:
    steps = make(tmp_path / "steps.wav", "0.1*floor(t*2)", 5)
    made = timeline([clip(steps, 0, 120)])
    made.tracks.source_range = time_range(36, 24, FPS)
    assert np.allclose(mixed(made, 24)[[10000, 40000], 0], [0.3, 0.4], atol=1e-3)


def test_a_nested_timeline_beside_the_tracks_is_heard(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.25", 2)
    inner = timeline([clip(tone, 0, 48)]).tracks.deepcopy()
    made = timeline([otio.schema.Gap(source_range=time_range(0, 48, FPS))])
    made.tracks.append(inner)
    assert np.allclose(mixed(made, 48)[:90000], 0.25, atol=1e-3)


def test_a_voice_cut_at_an_odd_rate_continues_without_a_seam(tmp_path: Path) -> None:
    fps = Fraction(30000, 1001)
    tone = make(tmp_path / "tone.wav", "0.5", 5)
    clips = [
        otio.schema.Clip("tone", otio.schema.ExternalReference(str(tone)), time_range(at, 7, fps))
        for at in range(3, 73, 7)
    ]
    heard = np.concatenate(list(read_mix(timeline(clips), Path("/"), 70 / fps).blocks()))[:, 0]
    assert np.all(heard[200:-200] == 0.5)


def test_unplayable_sound_is_listed_and_silent(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.5", 1)
    (tmp_path / "text.wav").write_text("no sound" * 50)
    odd = clip(tone, 0, 12)
    odd.effects.append(otio.schema.Effect("reverb", "Reverb"))
    silent = otio.schema.Clip("silent", source_range=time_range(0, 10, FPS))
    made = timeline(
        [
            odd,
            silent,
            clip(tmp_path / "none.wav", 0, 10),
            clip(tmp_path, 0, 10),
            clip(tmp_path / "text.wav", 0, 10),
        ],
        [clip(tone, 48, 10)],
    )
    mix = read_mix(made, tmp_path, Fraction(10))
    for what in (
        "silent: has no sound file; silence replaces it",
        "none.wav does not exist",
        f"{tmp_path} is a folder",
        "text.wav",
    ):
        assert sum(what in line for line in mix.missing) == 1, (what, mix.missing)
    assert len(mix.missing) == 4
    assert mix.warnings == (
        "tone: the effect Reverb cannot be played; it plays without it",
        "tone: it starts 2.00 s into tone.wav, which holds 1.00 s; it is silent",
    )
    heard = np.concatenate(list(mix.blocks()))
    assert heard[100 : SAMPLE_RATE // 4].min() > 0.4
    assert np.abs(heard[SAMPLE_RATE // 2 + 10 :]).max() == 0


def test_invalid_levels_are_rejected_by_name(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.5", 1)
    made = timeline([clip(tone, 0, 10)])
    made.tracks[0].metadata["otio_gvideo"] = {"gain_db": "loud"}
    made.tracks[0][0].metadata["otio_gvideo"] = {"fade_in": "nan"}
    with pytest.raises(InputError) as caught:
        read_mix(made, tmp_path, Fraction(10))
    assert [str(problem) for problem in caught.value.problems] == [
        "tone: fade_in 'nan' is not a number",
        "gain_db 'loud' is not a number",
    ]


def test_loops_crossfade_without_a_gap(tmp_path: Path) -> None:
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


def test_transitions_at_the_ends_of_a_track_fade_its_sound(tmp_path: Path) -> None:
    steady = make(tmp_path / "steady.wav", "0.5", 10)

    def fade(before: int, after: int) -> otio.schema.Transition:
        offsets = {"in_offset": time(before, FPS), "out_offset": time(after, FPS)}
        return otio.schema.Transition("", "SMPTE_Dissolve", **offsets)

    made = timeline([fade(6, 12), clip(steady, 48, 48), fade(12, 24)])
    assert made.duration().value == 6 + 48 + 24
    sound = mixed(made, 78)[:, 0] / 0.5
    # The first clip starts with the track, as in OTIO; nothing plays before it.
    rise = np.sin(np.pi / 2 * np.arange(24000) / 24000)
    fall = np.cos(np.pi / 2 * np.arange(72000) / 72000)
    assert np.abs(sound[:24000] - rise).max() < 1e-3
    assert np.abs(sound[24000:72000] - 1).max() < 1e-3
    assert np.abs(sound[72000:144000] - fall).max() < 1e-3
    assert np.abs(sound[144000:]).max() == 0


def test_a_mix_decodes_lazily(tmp_path: Path) -> None:
    bed = make(tmp_path / "bed.wav", "0.1", 4)
    tracks = (AudioTrack((Clip(bed, 0, 10**12, 0),)), AudioTrack(()))
    blocks = Mix(tracks, 10**12).blocks()
    assert sum(len(block) for block, _ in zip(blocks, range(5), strict=False)) == 5 * SAMPLE_RATE


@pytest.mark.parametrize(("gain", "target"), [(0.02, -14), (0.3, -14), (0.99, -14), (0.3, -23)])
def test_loudness_meets_the_target_below_the_peak_ceiling(
    tmp_path: Path, gain: float, target: float
) -> None:
    peaky = f"{gain}*(0.3*sin(300*2*PI*t)+0.7*sin(997*2*PI*t)*between(mod(t,0.5),0,0.02))"
    made = timeline([clip(make(tmp_path / "peaky.wav", peaky, 8), 0, 192)])
    made.metadata["otio_gvideo"] = {"output": {"loudness": target}}
    mix = read_mix(made, tmp_path, Fraction(8))
    measure = encode_audio(mix, tmp_path / "sound.mp4", target_of(made))
    assert measure == measure_file(tmp_path / "sound.mp4")
    assert measure.lufs == pytest.approx(target, abs=0.3)
    assert measure.dbtp <= -1.0


def test_a_mix_too_long_to_be_kept_gives_the_same_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tone = make(tmp_path / "tone.wav", "sin(300*2*PI*t)*(0.2+0.8*between(mod(t,0.5),0,0.02))", 3)
    mix = read_mix(timeline([clip(tone, 0, 72)]), tmp_path, Fraction(3))
    kept = encode_audio(mix, tmp_path / "kept.mp4")
    monkeypatch.setattr(loudness, "_KEPT_SAMPLES", 3 * SAMPLE_RATE - 1)
    assert encode_audio(mix, tmp_path / "mixed.mp4") == kept
    assert (tmp_path / "mixed.mp4").read_bytes() == (tmp_path / "kept.mp4").read_bytes()


def lag(heard: NDArray[np.float32], source: NDArray[np.float32]) -> float:
    """Return the delay of a sound in seconds, by cross-correlation."""
    size = min(len(source), len(heard))
    spectrum = np.fft.rfft(heard[:size]) * np.conj(np.fft.rfft(source[:size]))
    place = int(np.argmax(np.abs(np.fft.irfft(spectrum, size))))
    return (place if place < size / 2 else place - size) / SAMPLE_RATE


def test_encoded_sound_is_in_sync_with_its_source(each_ffmpeg: str, tmp_path: Path) -> None:
    noise = make(tmp_path / "noise.wav", "(random(0)-0.5)*(0.2+0.8*between(mod(t,1),0,0.3))", 4)
    made = timeline([clip(noise, 0, 96)])
    picture = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    picture.append(otio.schema.Gap(source_range=time_range(0, 96, FPS)))
    made.tracks.append(picture)
    reel = tmp_path / "reel.mp4"
    flatten(made, reel, size=(32, 32), spec=OutputSpec(Encoding(preset="ultrafast")))
    source = mixed(made, 96)[:, 0]
    with av.open(str(reel)) as container:
        decoded = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    assert abs(lag(np.concatenate(decoded), source)) < 0.005
    run([*input_args(reel), *output_args(tmp_path / "decoded.wav")], what="decoding")
    again = SoundReader(tmp_path / "decoded.wav").read(0, len(source))[:, 0]
    assert abs(lag(again, source)) < 0.005


def test_keyframes_and_linear_fades_of_a_clip_are_played(tmp_path: Path) -> None:
    tone = make(tmp_path / "tone.wav", "0.5*sin(440*2*PI*t)", 10)
    keyed = clip(tone, 48, 96)
    stated = {"gain_db": -2, "levels": [[1, 0], [2, -12]], "fade_in": 0.5, "fade": "linear"}
    keyed.metadata["otio_gvideo"] = stated
    plain = mixed(timeline([clip(tone, 48, 96)]), 96)[:, 0]
    heard = mixed(timeline([keyed]), 96)[:, 0]

    def level(at: float) -> float:
        window = slice(int((at - 0.02) * SAMPLE_RATE), int((at + 0.02) * SAMPLE_RATE))
        return 10 * float(np.log10((heard[window] ** 2).mean() / (plain[window] ** 2).mean()))

    for at, decibels in ((0.25, -8.02), (0.8, -2), (1.5, -8), (1.75, -11), (3.5, -14)):
        assert level(at) == pytest.approx(decibels, abs=0.1), at


def test_a_level_out_of_bounds_is_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["flatten", "x.otio", "-o", str(tmp_path / "x.mp4"), "--clip-sound", "900"]
    assert main(command) == 2
    assert "--clip-sound: 900 dB is no level; give -96 to 24" in capsys.readouterr().err


def test_a_word_that_moves_within_speech_changes_no_ducking() -> None:
    reels = []
    for end in (1.2, 1.4):
        reel = otio.schema.Timeline()
        times = [(1.0, end), (1.5, 1.9), (4.0, 4.5)]
        words = [{"text": "a", "start": start, "end": stop} for start, stop in times]
        reel.metadata["otio_gvideo"] = {"words": words}
        before, after = duck_envelope(times), duck_envelope(spoken(reel))
        assert (before.times == after.times).all()
        reels.append(spoken(reel))
    assert reels[0] == reels[1] == ((1.0, 1.9), (4.0, 4.5))
