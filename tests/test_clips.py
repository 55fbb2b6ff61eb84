"""Videos of the user's own in place of stills."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
import skimage.data
import yaml
from numpy.typing import NDArray
from otio_gvideo.compiler import InputError, compile_script, flatten_timeline
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.api.init import init_script
from otio_gvideo.compiler.api.plan import plan_script
from otio_gvideo.compiler.api.render import render_timeline
from otio_gvideo.compiler.backend.encode.reframe import sample_frames
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.media.samples import SoundReader
from otio_gvideo.compiler.media.still_frame import save_frame
from otio_gvideo.compiler.timeline.effects import speed_of
from otio_gvideo.compiler.timeline.media import source_start
from otio_gvideo.compiler.timeline.metadata import own_metadata
from PIL import Image

HEAD = (
    "version: 1\noutput: {width: 96, height: 160, fps: 24}\ndefaults: {renderer: camera}\nscenes:\n"
)


def count_video(path: Path, frames: int, rate: str, size: str = "96x160", *more: str) -> None:
    """Write a video whose frame ``n`` has the luma ``16 + 2 n``, with a tone."""
    seconds = float(frames / Fraction(rate))
    # Tagged before the encoder asks for its colours: a conversion may round down on some machines.
    colours = "setparams=range=tv:colorspace=bt709"
    picture = f"nullsrc=s={size}:r={rate},geq=lum='16+2*N':cb=128:cr=128,{colours}"
    run(
        [
            *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=f=440:d={seconds}"),
            *("-frames:v", str(frames), "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p"),
            *("-color_range", "tv", "-colorspace", "bt709", "-c:a", "aac", *more),
            *output_args(path),
        ],
        what="making a video",
    )


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    count_video(folder / "thirty.mp4", 90, "30")
    count_video(folder / "ntsc.mp4", 60, "24000/1001")
    count_video(folder / "code.mov", 90, "25", "96x160", "-timecode", "10:00:00:00")
    tone = ["-f", "lavfi", "-i", "sine=f=440:d=1"]
    run([*tone, *output_args(folder / "tone.wav")], what="making a tone")
    mute = output_args(folder / "mute.mp4", "-an", "-c", "copy")
    run([*input_args(folder / "ntsc.mp4"), *mute], what="removing the sound")
    return folder


@pytest.fixture
def folder(videos: Path, tmp_path: Path) -> Path:
    for video in videos.iterdir():
        (tmp_path / video.name).hardlink_to(video)
    Image.new("RGB", (96, 160), (200, 40, 30)).save(tmp_path / "red.png")
    return tmp_path


def compiled(folder: Path, scenes: str, until: str = "video") -> list[otio.schema.Clip]:
    """Compile scenes; return the clips of the picture track."""
    script = folder / "reel.yaml"
    script.write_text(HEAD + scenes)
    report = compile_script(script, until=until)  # type: ignore[arg-type]
    timeline = otio.adapters.read_from_file(str(report.timeline))
    return list(timeline.video_tracks()[0].find_clips())


def warnings_of(folder: Path, scenes: str) -> list[str]:
    script = folder / "reel.yaml"
    script.write_text(HEAD + scenes)
    return [warning.coded for warning in compile_script(script).warnings]


def pictures(video: Path) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="yuv420p")[: frame.height]


def counts(reel: Path) -> list[int]:
    """Return the frame of its video that each frame of a reel, or of a folder's reel, shows."""
    video = reel / "build" / "reel" / "reel.mp4" if reel.is_dir() else reel
    return [round((float(picture.mean()) - 16) / 2) for picture in pictures(video)]


def nearest(first: int, frames: int, step: Fraction) -> list[int]:
    return [first + -((-frame * step + Fraction(1, 2)) // 1) for frame in range(frames)]


def test_a_clip_is_in_the_timeline_as_itself_and_its_frames_are_in_the_reel(folder: Path) -> None:
    (clip,) = compiled(folder, "  - {id: a, duration: 2, clip: {video: thirty.mp4, in: 0.5}}\n")
    reference = clip.media_reference
    assert isinstance(reference, otio.schema.ExternalReference)
    assert reference.target_url == str(folder / "thirty.mp4")
    rational = otio.opentime.RationalTime
    assert reference.available_range == otio.opentime.TimeRange(rational(0, 30), rational(90, 30))
    assert clip.source_range == otio.opentime.TimeRange(rational(15, 30), rational(48, 24))
    assert (clip.source_range.start_time.rate, clip.source_range.duration.rate) == (30, 24)
    assert list(clip.media_references()) == ["DEFAULT_MEDIA"]
    assert counts(folder) == nearest(15, 48, Fraction(30, 24))
    assert not list((folder / "build" / "reel").glob("media/*"))  # No copy of the clip.


LENGTHS = {
    "fit: trim": ([(48, 0, 1)], nearest(0, 48, Fraction(30, 24))),
    "fit: hold, out: 0.5": (
        [(12, 0, 1), (36, 14, 0)],
        [*nearest(0, 12, Fraction(30, 24)), *[14] * 36],
    ),
    "fit: loop, in: 1, out: 1.5": ([(12, 30, 1)] * 4, nearest(30, 12, Fraction(30, 24)) * 4),
    "speed: 0.5, in: 1": ([(48, 30, Fraction(1, 2))], nearest(30, 48, Fraction(15, 24))),
    "fit: speed": ([(48, 0, Fraction(3, 2))], nearest(0, 48, Fraction(45, 24))),
}
"""What a clip of three seconds states, its runs in a scene of two seconds, and their frames."""


@pytest.mark.slow
def test_a_clip_meets_the_length_of_its_scene(folder: Path) -> None:
    scenes = [
        f"  - {{id: s{number}, duration: 2, clip: {{video: thirty.mp4, {stated}}}}}\n"
        for number, stated in enumerate(LENGTHS)
    ]
    clips = compiled(folder, "".join(scenes))
    found = [
        (clip.source_range.duration.value, clip.source_range.start_time.value, speed_of(clip))
        for clip in clips
    ]
    assert found == [run for runs, _ in LENGTHS.values() for run in runs]
    seen = counts(folder)
    for number, (stated, (_, shown)) in enumerate(LENGTHS.items()):
        assert seen[48 * number : 48 * (number + 1)] == shown, stated


@pytest.mark.slow
def test_a_clip_that_is_too_short_is_held_and_warned_of(folder: Path) -> None:
    scene = "  - {id: a, duration: 3, clip: {video: ntsc.mp4, FIT}}\n"
    (warning,) = warnings_of(folder, scene.replace("FIT", "fit: trim"))
    assert warning == (
        "a: ntsc.mp4 is too short by 0.5 s; its last frame is held; fit: hold allows that, loop "
        "plays it again, speed slows it down [range]"
    )
    assert counts(folder)[-12:] == [59] * 12
    assert warnings_of(folder, scene.replace("FIT", "fit: hold")) == []


@pytest.mark.slow
def test_a_scene_mixes_stills_and_clips(folder: Path) -> None:
    clips = compiled(
        folder,
        """\
  - id: a
    duration: 4
    motion: {camera: static}
    keyframes:
      - {clip: {video: thirty.mp4, in: 1}}
      - {image: red.png, at: 1}
      - {clip: ntsc.mp4, at: 3}
""",
    )
    assert [clip.name for clip in clips] == ["a", "a.2", "a.3"]
    assert [clip.source_range.duration.to_frames() for clip in clips] == [24, 48, 24]
    seen = counts(folder)
    assert seen[:24] == nearest(30, 24, Fraction(30, 24))
    assert len(set(seen[24:72])) == 1
    assert seen[72:] == nearest(0, 24, Fraction(1000, 1001))


@pytest.mark.slow
def test_a_transition_shows_the_frames_of_the_file_beside_the_clip(folder: Path) -> None:
    scenes = """\
  - {id: a, duration: 1, clip: {video: thirty.mp4, out: 1.1}}
  - {id: b, duration: 1, clip: thirty.mp4, transition: {type: dissolve, duration: 0.5}}
"""
    assert warnings_of(folder, scenes) == []
    clips = compiled(folder, scenes, "timeline")
    # Without an in point the clip begins late enough for the six frames before the cut.
    assert [clip.source_range.start_time.value for clip in clips] == [0, 8]


ERRORS = {
    "clip: none.mp4": "5:32: scenes[0].clip: 'none.mp4' does not exist",
    "clip: red.png": "5:32: scenes[0].clip: 'red.png' is a still; name it as keyframe",
    "clip: {video: tone.wav}": "5:40: scenes[0].clip.video: 'tone.wav' has no picture",
    "clip: {video: thirty.mp4, in: 3}": "in: 3 s is past the end of the video, 3.00 s",
    "clip: {video: thirty.mp4, in: 2, out: 1}": "out: 1 s is not after in, 2 s",
    "clip: {video: thirty.mp4, out: 9}": "out: 9 s is past the end of the video, 3.00 s",
    "clip: {video: thirty.mp4, speed: 0}": "speed: 0 is less than 0.01",
    "clip: {video: thirty.mp4, speed: 2, fit: speed}": "fit: speed computes the speed",
    "clip: {video: thirty.mp4, fit: stretch}": "'stretch' is not a fit",
    "clip: {video: mute.mp4, sound_db: 0}": "sound_db: the video has no sound",
    "clip: thirty.mp4, in: 2": "write it as clip: {video: thirty.mp4, in: 2}",
    "clip: thirty.mp4, fit: loop": "'loop' is not a fit; that is 'clip: {fit: loop}' here",
    "keyframe: thirty.mp4": "is a video; name it as clip, or a frame of it as thirty.mp4@1.5s",
    "clip: thirty.mp4, keyframe: red.png": "has keyframe and clip",
    "clip: thirty.mp4, depth: red.png": "depth: does not apply to a clip; leave it out",
    "clip: thirty.mp4, motion: {camera: static}": "motion: does not apply to a clip",
    "clip: {in: 1}": "'video' is missing",
    "keyframes: [{clip: thirty.mp4, image: red.png}]": "has image and clip; name one of them",
    "keyframes: [{image: red.png}, {clip: thirty.mp4, at: end}]": "a clip has no time to play",
    "keyframes: [{at: 1}]": "has neither image nor clip",
    "keyframes: [{image: red.png}, {clip: thirty.mp4, at: 2}, {image: red.png, at: 1}]": (
        "is reached at 1.00 s, before the keyframe before it"
    ),
    "keyframes: [{image: red.png}, {clip: thirty.mp4, at: 0}]": "as the one before it is",
    "keyframes: [{image: red.png}, {clip: thirty.mp4, at: 8}]": "past the end of the scene",
    "keyframes: [{image: red.png}, {clip: thirty.mp4, at: 4}]": (
        "has no time to play at the end of the scene; let it begin earlier"
    ),
}


@pytest.mark.parametrize("stated", ERRORS)
def test_a_wrong_clip_is_one_line_at_its_place(folder: Path, stated: str) -> None:
    with pytest.raises(InputError) as error:
        compiled(folder, f"  - {{id: a, duration: 4, {stated}}}\n")
    (problem,) = error.value.problems
    assert ERRORS[stated] in str(problem)
    assert ":5:" in str(problem)
    assert not (folder / "build").exists()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["fcpxml", "xml", "edl", "otioz"])
def test_an_editor_gets_the_clips_and_what_it_changes_is_shown(folder: Path, suffix: str) -> None:
    compiled(
        folder,
        """\
  - {id: a, duration: 1, clip: {video: thirty.mp4, in: 0.5, sound_db: -6}, fit: blur}
  - {id: b, duration: 1, clip: {video: thirty.mp4, in: 1, out: 1.5, fit: loop}}
  - {id: c, duration: 1, clip: {video: code.mov, fit: speed}}
  - {id: d, duration: 1, clip: {video: code.mov, in: 2, out: 2.6, fit: hold}}
""",
    )
    made = folder / "build" / "reel" / "reel.otio"
    back = export_timeline(made, made.with_name(f"back.{suffix}")).path
    assert diff_timelines(made, back).lines()[0] == "nothing changed"
    timeline = otio.adapters.read_from_file(str(render_timeline(back).timeline))
    first = timeline.find_clips()[0]
    assert own_metadata(first)["fit"] == "blur"
    assert first.name == "a" or suffix == "edl"
    wanted, video = counts(folder), made.with_name("back.mp4")
    flatten_timeline(back, video)
    assert counts(video) == wanted
    first.source_range = otio.opentime.TimeRange(
        first.source_range.start_time + otio.opentime.RationalTime(15, 30),
        first.source_range.duration,
    )
    slipped = made.with_name("slipped.otio")
    otio.adapters.write_to_file(timeline, str(slipped))
    flatten_timeline(slipped, video)
    assert counts(video)[:24] == nearest(30, 24, Fraction(30, 24))
    assert counts(video)[24:] == wanted[24:]


@pytest.mark.parametrize("suffix", ["otio", "otioz", "fcpxml"])
def test_an_export_starts_clips_at_a_frame_of_their_own_rate(folder: Path, suffix: str) -> None:
    """Of the reel's frames, none is at these times."""
    scenes = """\
  - {id: a, duration: 1, clip: {video: thirty.mp4, in: 0.534}}
  - {id: b, duration: 1, clip: {video: code.mov, in: 0.52}}
  - {id: c, duration: 1, clip: {video: thirty.mp4, in: 0.1, speed: 0.5}}
  - {id: d, duration: 1, clip: {video: thirty.mp4, in: 2.9, fit: hold}}
"""
    compiled(folder, scenes, until="timeline")
    made = folder / "build" / "reel" / "reel.otio"
    back = export_timeline(made, made.with_name(f"back.{suffix}")).path
    clips = read_timeline(back).find_clips()
    starts = [Fraction(16, 30), Fraction(13, 25), Fraction(3, 30), Fraction(87, 30)]
    assert [source_start(clip) for clip in clips][:4] == starts
    assert [clip.source_range.start_time.rate for clip in clips][:4] == [30, 25, 30, 30]
    assert clips[1].source_range.start_time.value == 10 * 3600 * 25 + 13
    assert diff_timelines(made, back).lines()[0] == "nothing changed"


def test_a_frame_of_a_video_is_a_still(folder: Path) -> None:
    (folder / "ntsc.mp4@0.5s").write_bytes((folder / "red.png").read_bytes())
    scenes = """\
  - {id: a, duration: 1, keyframe: thirty.mp4@1.5s, motion: {camera: static}}
  - {id: b, duration: 1, keyframe: ntsc.mp4@0.5s, motion: {camera: static}}
"""
    first, other = compiled(folder, scenes)
    still = Path(first.media_references()["keyframe"].target_url)
    with Image.open(still) as image:
        assert image.size == (96, 160)
        assert image.getpixel((9, 9)) == (105, 105, 105)  # Luma 106: frame 45.
    assert set(counts(folder)[:24]) == {45}
    # A file of that name is itself.
    assert other.media_references()["keyframe"].target_url == str(folder / "ntsc.mp4@0.5s")
    still.write_bytes((folder / "red.png").read_bytes())
    with pytest.raises(InputError, match=r"no longer the frame of thirty\.mp4 .* move it away"):
        compile_script(folder / "reel.yaml")


@pytest.mark.parametrize("name", ["a.ts", "a.mpg"])
def test_a_video_without_an_index_shows_its_frames(folder: Path, name: str) -> None:
    """A seek in it lands between the key frames, which are two seconds apart."""
    lossless = ("-qp", "0") if name == "a.ts" else ("-c:v", "mpeg2video", "-q:v", "1")
    count_video(folder / name, 100, "24", "96x160", "-g", "48", *lossless, "-c:a", "mp2")
    scenes = """\
  - {id: a, duration: 1, clip: {video: NAME, in: 1.5}}
  - {id: b, duration: 0.5, keyframe: NAME@3s, motion: {camera: static}}
"""
    compiled(folder, scenes.replace("NAME", name))
    assert counts(folder) == [*range(36, 60), *[72] * 12]
    samples = sample_frames(probe(folder / name), (Fraction(2), Fraction(3)))
    seen = [round(picture.mean() / 255 * 219 / 2) for picture in samples]
    assert seen == [pytest.approx(48 + 24 * tenth / 10, abs=1) for tenth in (1, 3, 5, 7, 9)]


def test_a_frame_that_stays_is_shown_until_the_next(folder: Path) -> None:
    """The frames of its first second are the usual ones; then one stays for three seconds."""
    lossless = output_args(folder / "late.mp4", "-c:v", "libx264", "-qp", "0", "-an")
    late = ("-vf", "setpts='if(lt(N,31),N,N+90)/30/TB'", "-fps_mode", "vfr", "-frames:v", "60")
    run([*input_args(folder / "thirty.mp4"), *late, *lossless], what="making a video")
    scenes = """\
  - {id: a, duration: 1, clip: {video: late.mp4, in: 2.2}}
  - {id: b, duration: 0.5, keyframe: late.mp4@0.5s, motion: {camera: static}}
"""
    compiled(folder, scenes)
    assert counts(folder) == [*[30] * 24, *[15] * 12]


def test_a_frame_of_a_low_average_rate_is_not_shown_before_its_time(folder: Path) -> None:
    """Three frames at 0, 2 and 2.1 s."""
    burst = ("-vf", "setpts='if(N,57+3*N,0)/30/TB'", "-fps_mode", "vfr", "-frames:v", "3", "-an")
    lossless = output_args(folder / "burst.mp4", *burst, "-c:v", "libx264", "-qp", "0")
    run([*input_args(folder / "thirty.mp4"), *lossless], what="making a video")
    compiled(folder, "  - {id: a, duration: 2.2, clip: {video: burst.mp4, fit: hold}}\n")
    assert counts(folder)[:51] == [*[0] * 48, 1, 1, 2]


def test_a_frame_of_a_clock_in_milliseconds_is_held(folder: Path) -> None:
    """Phones round the time of each frame, so some are before their multiple."""
    rounded = ("-vf", "settb=1/90000,setpts='floor(N*100/3)*90'", "-fps_mode", "vfr")
    rounded += ("-enc_time_base", "1/90000")
    lossless = output_args(folder / "phone.mp4", "-c:v", "libx264", "-qp", "0", "-an")
    source = [*input_args(folder / "thirty.mp4"), *rounded, "-frames:v", "31"]
    run([*source, "-video_track_timescale", "90000", *lossless], what="making a video")
    compiled(folder, "  - {id: a, duration: 1.5, clip: {video: phone.mp4, out: 0.6, fit: hold}}\n")
    assert counts(folder)[18:] == [17] * 18


def test_sound_keeps_step_with_a_picture_that_starts_later(folder: Path) -> None:
    """As after a cut between key frames: silence before the first picture, a tone from it on."""
    tone = ["-f", "lavfi", "-i", "sine=f=440:d=2,volume=0:enable='lt(t,0.5)'"]
    late = ["-itsoffset", "0.5", *input_args(folder / "mute.mp4")]
    copy = output_args(folder / "late.mkv", "-c:v", "copy", "-c:a", "pcm_s16le", "-t", "2")
    run([*late, *tone, "-map", "0:v", "-map", "1:a", *copy], what="making a video")
    assert probe(folder / "late.mkv").video.start == Fraction(1, 2)  # type: ignore[union-attr]
    compiled(folder, "  - {id: a, duration: 1, clip: {video: late.mkv, sound_db: 0}}\n")
    heard = SoundReader(folder / "build" / "reel" / "reel.mp4").read(4800, 9600)
    assert np.abs(heard).max() > 0.01


def test_times_of_a_picture_that_starts_later_are_those_of_a_player(folder: Path) -> None:
    """Its first picture is at 0.8 s of the file, as after a cut between key frames."""
    late = ["-itsoffset", "0.8", *input_args(folder / "mute.mp4"), *input_args(folder / "tone.wav")]
    copy = output_args(folder / "late.mkv", "-c:v", "copy", "-c:a", "copy")
    run([*late, "-map", "0:v", "-map", "1:a", *copy], what="making a video")
    scenes = """\
  - {id: a, duration: 0.5, clip: {video: late.mkv, in: 1.8, out: 2.4}}
  - {id: b, duration: 0.5, clip: {video: late.mkv, in: 0.4, out: 1.4}}
  - {id: c, duration: 0.5, keyframe: late.mkv@1.8s, motion: {camera: static}}
  - {id: d, duration: 0.5, keyframe: late.mkv@0.4s, motion: {camera: static}}
"""
    compiled(folder, scenes)
    step = Fraction(24000, 24 * 1001)
    assert counts(folder) == [
        *nearest(24, 12, step), *nearest(0, 12, step), *[24] * 12, *[0] * 12
    ]  # fmt: skip
    plan = plan_script(folder / "reel.yaml")
    assert [clip.source_s for clip in plan.clips] == [pytest.approx(1.8, abs=0.03), 0.8]
    with pytest.raises(InputError, match=r"out: 0\.5 s is before the first picture .* 0\.80 s"):
        compiled(folder, "  - {id: a, duration: 0.5, clip: {video: late.mkv, out: 0.5}}\n")


def test_a_saved_frame_counts_from_the_first_picture(folder: Path) -> None:
    """As in a timeline. Time stamps of the file begin at 5 s, its picture at 5.8 s."""
    late = ["-itsoffset", "5.8", *input_args(folder / "mute.mp4")]
    sound = ["-itsoffset", "5", *input_args(folder / "tone.wav")]
    copy = output_args(folder / "late.mkv", "-c", "copy", "-map", "0:v", "-map", "1:a")
    run(["-copyts", *late, *sound, *copy], what="making a video")
    save_frame(folder / "late.mkv", Fraction(1001, 1000), folder / "saved.png")
    with Image.open(folder / "saved.png") as image:
        luma = image.getpixel((9, 9))[0] / 255 * 219 + 16  # type: ignore[index]
    assert round((luma - 16) / 2) == 24


@pytest.mark.slow
def test_a_rotated_video_and_its_frame_are_upright(folder: Path) -> None:
    """A quarter turn of a picture that is dark on its left has that side at the top."""
    wide = "nullsrc=s=160x96:r=30:d=1,geq=lum='if(lt(X,80),40,200)':cb=128:cr=128"
    lossless = output_args(folder / "wide.mp4", "-c:v", "libx264", "-qp", "0")
    run(["-f", "lavfi", "-i", wide, *lossless], what="making a video")
    data = bytearray((folder / "wide.mp4").read_bytes())
    matrix = data.index(b"tkhd") + 44
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    (folder / "turned.mp4").write_bytes(data)
    compiled(
        folder,
        "  - {id: a, duration: 0.5, clip: turned.mp4}\n"
        "  - {id: b, duration: 0.5, keyframe: turned.mp4@0.5s, motion: {camera: static}}\n",
    )
    for picture in pictures(folder / "build" / "reel" / "reel.mp4"):
        assert (round(picture[:70].mean(), -1), round(picture[90:].mean(), -1)) == (40, 200)


WRONG_FRAMES = {
    "thirty.mp4@7s": "7 s is past the end of the video, 3.00 s",
    "none.mp4@1s": "'none.mp4' does not exist",
    "tone.wav@0.5s": "'tone.wav' has no picture",
    "red.png@1s": "'red.png' is a still; leave out @1s",
}


@pytest.mark.parametrize("still", WRONG_FRAMES)
def test_a_wrong_frame_is_one_line_at_its_place(folder: Path, still: str) -> None:
    with pytest.raises(InputError) as error:
        compiled(folder, f"  - {{id: a, duration: 1, keyframe: {still}}}\n")
    (problem,) = error.value.problems
    assert ":5:" in str(problem)
    assert WRONG_FRAMES[still] in str(problem)


def test_a_name_that_the_system_rejects_does_not_exist(folder: Path) -> None:
    with pytest.raises(InputError, match=r"too long|does not exist"):
        compiled(folder, f"  - {{id: a, duration: 1, keyframe: {'x' * 300}.mp4@1s}}\n")


def test_pictures_named_by_an_alias_keep_their_order(folder: Path) -> None:
    clips = compiled(
        folder,
        """\
  - {id: a, duration: 1, keyframes: [&clip {clip: thirty.mp4}, {image: red.png, at: 0.5}]}
  - id: b
    duration: 1.5
    keyframes: [{image: red.png}, {clip: code.mov, at: 0.5}, &late {image: red.png, at: 1}]
  - {id: c, duration: 1.5, keyframes: [*clip, {clip: code.mov, at: 0.5}, *late]}
""",
        "timeline",
    )
    first, other, still = clips[-3:]
    assert first.media_reference.target_url == str(folder / "thirty.mp4")
    assert other.media_reference.target_url == str(folder / "code.mov")
    assert "keyframe" in still.media_references()


def test_videos_of_a_folder_become_clips(folder: Path) -> None:
    (folder / "tone.wav").unlink()
    path, notes = init_script(folder)
    scenes = yaml.safe_load(path.read_text())["scenes"]
    assert [(scene.get("clip") or scene["keyframe"], scene["duration"]) for scene in scenes] == [
        ({"video": "code.mov", "sound_db": 0}, 3),
        ("mute.mp4", 1.9025),
        ({"video": "ntsc.mp4", "sound_db": 0}, 1.9025),
        ("red.png", 3.0),
        ({"video": "thirty.mp4", "sound_db": 0}, 2.4),
    ]
    assert notes == []


def test_plan_tells_which_part_of_a_clip_is_seen_and_what_is_cropped(folder: Path) -> None:
    count_video(folder / "wide.mp4", 60, "30", "160x96")
    script = folder / "reel.yaml"
    script.write_text(
        HEAD
        + "  - {id: a, duration: 1, clip: {video: wide.mp4, in: 0.5}}\n"
        + "  - {id: b, duration: 1, keyframe: red.png}\n"
        + "  - {id: c, duration: 2, clip: {video: wide.mp4, speed: 2, fit: hold}, fit: blur}\n"
    )
    plan = plan_script(script)
    lines = [" ".join(line.split()) for line in plan.lines() if "wide.mp4" in line]
    assert lines == [
        "clip a 0.00 to 1.00 s 24 frames wide.mp4 from 0.50 s",
        "crops 64% of wide.mp4 (left and right); fit: blur shows all of it",
        "clip c 2.00 to 3.00 s 24 frames wide.mp4 from 0.00 s, speed 2",
        "shows all of wide.mp4 on a blurred copy; fit: cover would crop 64%",
        "clip c~2 3.00 to 4.00 s 24 frames wide.mp4 from 1.97 s, held",
        "shows all of wide.mp4 on a blurred copy; fit: cover would crop 64%",
    ]
    assert [clip["video"] for clip in plan.as_json()["clips"]] == ["wide.mp4"] * 3


def test_a_plan_stays_in_columns_with_a_long_name(folder: Path) -> None:
    count_video(folder / "wide.mp4", 60, "30", "160x96")
    script = folder / "reel.yaml"
    script.write_text(
        HEAD
        + "  - {id: the_keeper_climbs_the_stairs_again, duration: 1, clip: wide.mp4}\n"
        + "  - {id: b, duration: 1, keyframe: red.png}\n"
    )
    lines = [line for line in plan_script(script).lines() if " frames  " in line]
    assert len(lines) == 2
    assert len({line.index(" frames  ") for line in lines}) == 1


@pytest.mark.slow
def test_faces_of_a_clip_stay_in_the_frame_and_captions_know_of_them(folder: Path) -> None:
    portrait = Image.fromarray(skimage.data.astronaut())
    wide, tall = Image.new("RGB", (910, 512)), Image.new("RGB", (512, 640))
    wide.paste(portrait, (-60, 0))
    tall.paste(portrait, (-100, 100))
    for name, picture in (("wide", wide), ("tall", tall)):
        picture.save(folder / f"{name}.png")
        held = output_args(folder / f"{name}.mp4", "-vf", "loop=24:1", "-pix_fmt", "yuv420p")
        run([*input_args(folder / f"{name}.png"), *held], what="making a video")
    scene = "  - {{id: {0}, duration: 0.5, clip: {0}.mp4}}\n"
    wide_clip, tall_clip = compiled(
        folder, scene.format("wide") + scene.format("tall"), until="timeline"
    )
    # A crop would remove 66 % of the wide one, and there is a face.
    assert own_metadata(wide_clip)["fit"] == "blur"
    assert own_metadata(tall_clip)["fit"] == "cover"
    x, y = own_metadata(tall_clip)["focus"]
    assert x < 0.4 > y
    timeline = otio.adapters.read_from_file(str(folder / "build" / "reel" / "reel.otio"))
    for shown in own_metadata(timeline)["scenes"]:
        top, bottom = shown["heads"]
        assert 0 <= top < bottom < 0.6
