"""Drafts of scripts from folders and cuts compile, with the cuts on the same frames."""

from __future__ import annotations

import json
import re
import shutil
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote, urlsplit

import opentimelineio as otio
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo import schemas
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.api.init import init_script
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.editors.script_draft import to_yaml
from otio_gvideo.compiler.editors.script_draft_folder import divide
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.script.read_script import load_script
from otio_gvideo.compiler.timeline.layout import lay_out
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

from ..backend.frame_stamps import write_stamped
from .sample_cut import cut, media

SAID = (
    "At the edge of the sea there was once a light, and a man who kept it.",
    "Every evening the keeper climbed 117 steps to wake the lamp.",
)


@pytest.fixture
def folder(project: Path, tmp_path: Path) -> Path:
    """A folder with stills, a voice and music, and no script."""
    folder = tmp_path / "the_light"
    shutil.copytree(project.parent / "stills", folder / "stills")
    for name in ("voice.wav", "bed.wav"):
        shutil.copy(project.parent / name, folder / name)
    (folder / "stills" / "blue.depth.png").write_bytes(
        (folder / "stills" / "blue.png").read_bytes()
    )
    return folder


def write_tone(path: Path) -> None:
    tone = ["-f", "lavfi", "-i", "sine=300:duration=1"]
    run([*tone, *output_args(path)], what="writing a tone")


def scenes(path: Path) -> list[dict[str, object]]:
    return list(yaml.safe_load(path.read_text("utf-8"))["scenes"])


def test_a_folder_with_a_paragraph_for_each_still_becomes_a_script_that_compiles(
    folder: Path,
) -> None:
    (folder / "stills" / "green.png").unlink()
    (folder / "text.txt").write_text("\n\n".join(SAID))
    path, notes = init_script(folder)
    assert path == folder / "script.yaml"
    assert notes == []
    document = yaml.safe_load(path.read_text())
    assert document["title"] == "The light"
    assert document["narration"] == {"audio": "voice.wav", "language": "en"}
    assert document["music"] == {"audio": "bed.wav"}
    assert [scene["text"] for scene in document["scenes"]] == list(SAID)
    assert document["scenes"][0]["depth"] == "stills/blue.depth.png"
    report = compile_script(path, until="timeline")
    assert report.frames == 245


def test_more_stills_than_sentences_become_keyframes(folder: Path) -> None:
    (folder / "text.md").write_text(" ".join(SAID))
    path, notes = init_script(folder)
    assert notes == ["the text is divided among 3 pictures where clauses end; "
                     "write a paragraph for each picture to decide"]  # fmt: skip
    assert [scene["text"] for scene in scenes(path)] == [*re.split("(?<=,) ", SAID[0]), SAID[1]]
    compile_script(path, until="timeline")


def test_stills_without_words_of_their_own_become_keyframes(folder: Path) -> None:
    (folder / "text.txt").write_text("The keeper climbed.")
    path, _ = init_script(folder)
    (scene,) = scenes(path)
    assert [k["at"] for k in scene["keyframes"]] == ["start", "50%", "end"]  # type: ignore[attr-defined]


TEXTS = {
    "verse": (
        "Wer reitet so spät durch Nacht und Wind?\nEs ist der Vater mit seinem Kind;\n"
        "Er hat den Knaben wohl in dem Arm,\nEr faßt ihn sicher, er hält ihn warm.\n\n"
        "Mein Sohn, was birgst du so bang dein Gesicht?",
        ["Wer reitet so spät durch Nacht und Wind?\nEs ist der Vater mit seinem Kind;",
         "Er hat den Knaben wohl in dem Arm,\nEr faßt ihn sicher, er hält ihn warm.",
         "Mein Sohn, was birgst du so bang dein Gesicht?"],
        "de",
    ),
    "list": (
        "- a warm winter coat\n- two pairs of socks\n* bread and apples",
        ["a warm winter coat", "two pairs of socks", "bread and apples"],
        "en",
    ),
    "Japanese": (
        "朝早く、私たちは湖へ歩いて行った。水は静かだった。昼になると風が出た。夕方には疲れていた。",
        ["朝早く、私たちは湖へ歩いて行った。", "水は静かだった。昼になると風が出た。",
         "夕方には疲れていた。"],
        "ja",
    ),
    "emoji": (
        "We went down to the lake. 🌅 The water was still 😀. In the evening we were tired 🎉 🎉",
        ["We went down to the lake. 🌅", "The water was still 😀.",
         "In the evening we were tired 🎉 🎉"],
        "en",
    ),
    "abbreviations": (
        "We met Dr. Miller at No. 5 in the morning. He wore a coat. It rained, e.g. all day long.",
        ["We met Dr. Miller at No. 5 in the morning.", "He wore a coat.",
         "It rained, e.g. all day long."],
        "en",
    ),
    "wrapped": (
        "We walked down to the lake in the morning, and the water was as still as\n"
        "a mirror of glass. The wind came up at noon. In the evening we were very\ntired.",
        ["We walked down to the lake in the morning, and the water was as still as "
         "a mirror of glass.", "The wind came up at noon.", "In the evening we were very tired."],
        "en",
    ),
    "Arabic": (
        "في الصباح ذهبنا إلى البحيرة. كان الماء ساكنا؟ عند الظهر هبت الريح.",
        ["في الصباح ذهبنا إلى البحيرة.", "كان الماء ساكنا؟", "عند الظهر هبت الريح."],
        "ar",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_divided_where_its_parts_end_and_its_language_written(
    folder: Path, name: str
) -> None:
    text, parts, language = TEXTS[name]
    (folder / "text.txt").write_text(text, "utf-8")
    path, _ = init_script(folder)
    assert [scene["text"] for scene in scenes(path)] == parts
    assert yaml.safe_load(path.read_text("utf-8"))["narration"]["language"] == language
    load_script(path)


def test_one_long_sentence_is_divided_between_words(folder: Path) -> None:
    (folder / "text.txt").write_text(
        "We walked to the shop with a friend and then went home and had tea in the garden"
    )
    for number in range(3):
        shutil.copy(folder / "stills" / "red.png", folder / "stills" / f"x{number}.png")
    path, _ = init_script(folder)
    assert len(scenes(path)) == 3
    assert all(len(scene["keyframes"]) == 2 for scene in scenes(path))  # type: ignore[arg-type]


def test_scenes_of_photos_that_a_camera_named_have_names_of_words(tmp_path: Path) -> None:
    for name in ("IMG_0001", "PXL_20240501_101112", "2024-05-01 10.11.12", "harbour-2"):
        Image.new("RGB", (60, 80)).save(tmp_path / f"{name}.jpg")
    write_tone(tmp_path / "stimme.wav")
    (tmp_path / "text.txt").write_text("Der Hafen.\n\nÄgypten!\n\n朝。\n\nDas Ende.", "utf-8")
    path, _ = init_script(tmp_path)
    names = {str(scene["keyframe"]): scene["id"] for scene in scenes(path)}
    assert names == {
        "2024-05-01 10.11.12.jpg": "01-der-hafen",
        "harbour-2.jpg": "harbour-2",
        "IMG_0001.jpg": "scene-03",
        "PXL_20240501_101112.jpg": "04-das-ende",
    }


def test_a_voice_is_told_from_music_by_names_and_texts(tmp_path: Path) -> None:
    Image.new("RGB", (60, 80)).save(tmp_path / "1.jpg")
    for sound in ("my narration.wav", "lofi.wav"):
        write_tone(tmp_path / sound)
    (tmp_path / "clip.mp4").write_bytes(b"")
    (tmp_path / "my narration.md").write_text("# The *lake*\n\nWe **went** down to the lake.")
    path, notes = init_script(tmp_path)
    document = yaml.safe_load(path.read_text())
    assert document["narration"]["audio"] == "my narration.wav"
    assert document["music"] == {"audio": "lofi.wav"}
    assert (document["title"], scenes(path)[0]["text"]) == (
        "The lake",
        "We went down to the lake.",
    )
    assert notes == ["not used: clip.mp4; no moving picture can be read from it"]


def test_a_text_that_no_voice_reads_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (60, 80)).save(tmp_path / "1.jpg")
    write_tone(tmp_path / "music.wav")
    (tmp_path / "text.txt").write_text("We went down to the lake.")
    _, notes = init_script(tmp_path)
    assert notes == ["not used: text.txt; there is no voice that reads it"]


def test_the_first_line_names_the_schema_for_editors(folder: Path) -> None:
    path, _ = init_script(folder)
    mark, _, url = path.read_text().splitlines()[0].partition("$schema=")
    assert mark == "# yaml-language-server: "
    assert json.loads(Path(unquote(urlsplit(url).path)).read_text()) == schemas.load("script")


def test_a_folder_without_a_script_is_not_planned(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(folder)]) == 2
    assert "script.yaml: no such file; draft one: otio-gvideo init" in capsys.readouterr().err


def test_a_title_keeps_the_capitals_of_its_folder(folder: Path) -> None:
    script, _ = init_script(folder.rename(folder.with_name("die_Frau im-Mond")))
    assert yaml.safe_load(script.read_text())["title"] == "Die Frau im Mond"


def test_a_folder_compiles_and_a_second_time_by_its_script(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "text.txt").write_text("\n\n".join(SAID))
    (folder / "stills" / "green.png").unlink()
    assert main(["compile", str(folder), "--until", "timeline"]) == 0
    script = folder / "script.yaml"
    assert "drafted from the_light" in capsys.readouterr().out
    assert main(["plan", str(folder)]) == 0
    assert "script.otio" in capsys.readouterr().out
    script.write_text(script.read_text().replace("The light", "Mine"))
    assert main(["compile", str(folder), "--until", "timeline"]) == 0
    assert "title: Mine" in script.read_text()
    assert (folder / "build" / "script" / "script.otio").exists()


def test_a_draft_with_text_has_captions(folder: Path) -> None:
    path, _ = init_script(folder)
    assert "captions" not in yaml.safe_load(path.read_text())
    (folder / "text.txt").write_text(" ".join(SAID))
    path, _ = init_script(folder, force=True)
    document = yaml.safe_load(path.read_text())
    assert document["captions"] == {"burn": True, "style": "karaoke"}
    assert list(document)[-2:] == ["defaults", "scenes"]


def test_a_draft_ends_with_suggestions_as_comments(folder: Path) -> None:
    path, _ = init_script(folder)
    text = path.read_text()
    assert text.splitlines()[-2:] == [
        "  # motion: {camera: push_in, amount: 0.3}         # default: auto",
        "  # transition: {type: wipe_left, duration: 0.4}   # into this scene",
    ]
    path.write_text(text.replace("  # motion", "  motion").replace("  # trans", "  trans"))
    *_, last = load_script(path).scenes
    assert (last.motion.camera, last.transition.type) == ("push_in", "wipe_left")


def test_suggestions_are_applicable_and_not_yet_set(folder: Path) -> None:
    for still in ("green", "red"):
        (folder / "stills" / f"{still}.png").unlink()
    path, _ = init_script(folder)
    assert path.read_text().count("#") == 3
    assert "transition: {" not in path.read_text()
    scene = {"id": "a", "transition": {"type": "dissolve", "duration": 0.5}}
    assert "# transition" not in to_yaml({"scenes": [{"id": "b"}, scene]})


def test_without_a_text_the_voice_is_divided_evenly(folder: Path) -> None:
    path, notes = init_script(folder)
    assert len(notes) == 1
    assert [scene["time"]["end"] for scene in scenes(path)] == [3.4, 6.8, 10.2]  # type: ignore[index]
    compile_script(path, until="timeline")


def test_without_a_voice_scenes_are_silent(folder: Path) -> None:
    (folder / "voice.wav").unlink()
    (folder / "text.txt").write_text("Nobody says this.")
    path, _ = init_script(folder)
    assert [scene["duration"] for scene in scenes(path)] == [3.0] * 3
    compile_script(path, until="timeline")


def test_an_existing_script_is_not_overwritten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "script.yaml").write_text("mine")
    assert main(["init", str(folder)]) == 2
    assert "exists already; give another -o, or --force" in capsys.readouterr().err
    assert (folder / "script.yaml").read_text() == "mine"
    assert main(["init", str(folder), "--force"]) == 0


@pytest.mark.parametrize(
    ("take", "add", "said"),
    [
        ("stills", (), "holds no pictures; put images or videos into it"),
        (
            None,
            ("a.wav", "b.wav", "c.wav"),
            "more voices than pictures: a.wav, b.wav, c.wav, voice",
        ),
    ],
)
def test_a_folder_that_makes_no_script_is_rejected(
    folder: Path, take: str | None, add: tuple[str, ...], said: str
) -> None:
    if take:
        shutil.rmtree(folder / take)
    for name in add:
        shutil.copy(folder / "voice.wav", folder / name)
    with pytest.raises(InputError, match=said):
        init_script(folder)
    assert not (folder / "script.yaml").exists()


def voices_apart(folder: Path) -> None:
    for number, cut_at in enumerate((("-t", "5.1"), ("-ss", "5.1")), 1):
        voice = folder / f"line{number}.wav"
        run([*input_args(folder / "voice.wav", *cut_at), *output_args(voice)], what="cutting")
    (folder / "voice.wav").unlink()


@pytest.mark.parametrize("told", ["lines", "files"])
def test_several_voices_become_a_scene_each(folder: Path, told: str) -> None:
    voices_apart(folder)
    if told == "lines":
        (folder / "text.txt").write_text("\n".join(SAID))
    else:
        for number, said in enumerate(SAID, 1):
            (folder / f"line{number}.txt").write_text(said)
    path, notes = init_script(folder)
    assert notes == []
    assert "narration" not in yaml.safe_load(path.read_text())
    found = scenes(path)
    assert [scene["text"] for scene in found] == list(SAID)
    assert [scene["narration"] for scene in found] == [
        {"audio": f"line{number}.wav", "language": "en"} for number in (1, 2)
    ]
    assert [len(scene.get("keyframes", [0])) for scene in found] == [2, 1]
    assert compile_script(path, until="timeline").warnings == []


def test_scenes_of_voices_without_text_last_as_long_as_the_voice(folder: Path) -> None:
    voices_apart(folder)
    path, notes = init_script(folder)
    assert notes[0] == "line1.wav: no text for it; the scene lasts as long as the voice"
    assert [scene["time"] for scene in scenes(path)] == [
        {"start": 0, "end": 5.1},
        {"start": 0, "end": 5.1},
    ]
    assert compile_script(path, until="timeline").frames == 246


def test_a_cut_becomes_a_script_that_cuts_on_the_same_frames(project: Path) -> None:
    report = compile_script(project, until="timeline")
    path, notes = init_script(report.timeline, project.parent / "again.yaml")
    # Its own script says more than a cut shows.
    (note,) = notes
    assert f"was compiled from {project.name}: texts, moves," in note
    again = compile_script(path, until="timeline")
    assert again.frames == report.frames
    assert [s.cut_frame for s in again.scenes] == [s.cut_frame for s in report.scenes]
    before, after = (
        otio.adapters.read_from_file(str(r.timeline)).tracks[0] for r in (report, again)
    )
    shape = [
        [(type(item).__name__, item.duration()) for item in track] for track in (before, after)
    ]
    assert shape[0] == shape[1]


@pytest.mark.posix
def test_videos_of_one_name_give_separate_stills(tmp_path: Path) -> None:
    """Also if the names differ only by case, or are reserved on Windows."""
    names = ["x/clip.mp4", "y/clip.mp4", "y/Clip.mp4", "x/con.2.mp4", "x/clip.mp4"]
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for number, name in enumerate(names[:-1]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_stamped(tmp_path / name, 10 * number, 24, Fraction(24))
    for name in names:
        reference = otio.schema.ExternalReference(name, time_range(0, 24, Fraction(24)))
        track.append(otio.schema.Clip(name, reference, time_range(0, 24, Fraction(24))))
    timeline = otio.schema.Timeline("videos")
    timeline.tracks.append(track)
    otio.adapters.write_to_file(timeline, str(tmp_path / "videos.otio"))
    init_script(tmp_path / "videos.otio")
    stills = sorted(path.name for path in (tmp_path / "keyframes").iterdir())
    assert stills == ["Clip-0-3.png", "_con.2-0.png", "clip-0-2.png", "clip-0.png"]
    assert len({(tmp_path / "keyframes" / name).read_bytes() for name in stills}) == 4
    draft = yaml.safe_load((tmp_path / "videos.yaml").read_text(encoding="utf-8"))
    shown = [Path(scene["keyframe"]).name for scene in draft["scenes"]]
    assert shown == ["clip-0.png", "clip-0-2.png", "Clip-0-3.png", "_con.2-0.png", "clip-0.png"]


def test_the_still_of_a_video_clip_is_its_first_frame(tmp_path: Path) -> None:
    media(tmp_path, Fraction(24))
    timeline = cut(tmp_path, plain=True)
    timeline.to_json_file(str(tmp_path / "cut.otio"))
    path, notes = init_script(tmp_path / "cut.otio")
    assert path == tmp_path / "cut.yaml"
    assert any("shows a video; its first frame is its still" in note for note in notes)
    stills = sorted(p.name for p in (tmp_path / "keyframes").glob("*.png"))
    assert stills == ["a 0-0.png", "b 1-12.png", "c 2-10.png", "d 3-8.png", "e 4-8.png"]
    placed = [p for p in lay_out(timeline.tracks[0], Fraction(24)) if p.is_clip]
    assert len(scenes(path)) == len(placed) == 5


def test_all_missing_stills_of_a_cut_are_named(tmp_path: Path) -> None:
    media(tmp_path, Fraction(24))
    timeline = cut(tmp_path)
    for name in "ab":
        next(tmp_path.glob(f"{name} *.mp4")).unlink()
    timeline.to_json_file(str(tmp_path / "cut.otio"))
    with pytest.raises(InputError) as caught:
        init_script(tmp_path / "cut.otio")
    assert [problem.where for problem in caught.value.problems] == ["scene-0", "scene-1"]


def test_a_generator_and_an_image_sequence_of_a_cut_are_named_as_such(tmp_path: Path) -> None:
    media(tmp_path, Fraction(24))
    timeline = cut(tmp_path)
    first, second = timeline.tracks[0].find_clips()[:2]
    first.media_reference = otio.schema.GeneratorReference("black", generator_kind="Slug")
    second.media_reference = otio.schema.ImageSequenceReference("/x", "a.", ".exr", rate=24)
    timeline.to_json_file(str(tmp_path / "cut.otio"))
    with pytest.raises(InputError) as caught:
        init_script(tmp_path / "cut.otio")
    told = [str(problem) for problem in caught.value.problems]
    assert told[0].endswith("shows the generator Slug, no picture file; replace it with a still")
    assert told[1].endswith("shows an image sequence; replace it with a still or a video")


@given(st.lists(st.integers(1, 100), min_size=1, max_size=12), st.data())
def test_divide_keeps_all_items_in_order(weights: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(weights)))
    runs = divide(weights, count)
    assert len(runs) == count
    assert [i for a, b in runs for i in range(a, b)] == list(range(len(weights)))
    assert all(a < b for a, b in runs)
