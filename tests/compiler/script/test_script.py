"""Scripts are rejected with every problem at its place, or read completely."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from otio_gvideo import schemas
from otio_gvideo.compiler.backend.captions import fonts
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.script import model
from otio_gvideo.compiler.script.read_script import load_script
from otio_gvideo.compiler.speech.align_narration import align_narration
from PIL import Image

from ...conftest import LIGHTHOUSE, SCRIPT


def problems(script: Path, **options: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_script(script, renderers={"camera"}, **options)  # type: ignore[arg-type]
    return [str(problem).partition(f"{script}:")[2] for problem in caught.value.problems]


@pytest.fixture
def edit(project: Path) -> Callable[[str, str], Path]:
    def change(old: str, new: str) -> Path:
        text = project.read_text()
        assert old in text
        project.write_text(text.replace(old, new, 1))
        return project

    return change


def test_the_bounds_of_the_schema_are_allowed(project: Path) -> None:
    project.write_text(f"{SCRIPT}\nsilences: {{longer_than: 0.05, keep: 0}}\n")
    script = load_script(project, renderers={"camera"})
    assert script.silences.longer_than == Fraction(1, 20)


def test_a_model_name_too_long_for_a_file_is_no_folder(
    edit: Callable[[str, str], Path],
) -> None:
    name = "x" * 300
    path = edit("audio: voice.wav", f"audio: voice.wav, transcript: {{model: {name}}}")
    narration = load_script(path, renderers={"camera"}).narration
    assert narration and narration.asr and narration.asr.model == name


def test_five_problems_give_five_lines_with_their_places(project: Path) -> None:
    project.write_text(
        SCRIPT.replace("dissolve, duration: 0.5", "disolve, duration: 0.5")
        .replace("voice.wav", "voise.wav")
        .replace("camera: push_in", "camera: zoom_in")
        .replace("title:", "titel:")
        .replace("duration: 1.0", "duration: soon")
    )
    assert problems(project) == [
        "2:1: titel: 'titel' is not a key here; did you mean 'title'?",
        "4:20: narration.audio: 'voise.wav' does not exist; did you mean 'voice.wav'?",
        "6:31: defaults.transition.type: 'disolve' is not a transition; did you mean 'dissolve'?",
        "11:22: scenes[0].motion.camera: 'zoom_in' is not a camera move; that is 'push_in' here",
        "13:15: scenes[1].duration: 'soon' is not a number; "
        "give the length of a silent beat in seconds",
    ]


PROBLEMS = {
    "unknown key of a neighbour": (
        "keyframe: stills/red.png",
        "image: stills/red.png",
        [
            "8:5: scenes[0]: has no keyframe; name one still, one clip, or several under keyframes",
            "10:5: scenes[0].image: 'image' is not a key here; that is 'keyframe' here",
        ],
    ),
    "duplicate id": (
        "id: stairs",
        "id: dusk",
        [
            "16:9: scenes[2].id: 'dusk' is already the id of scenes[0]; "
            "give each scene a name of its own"
        ],
    ),
    "duplicate key": (
        "    keyframe: stills/red.png\n",
        "    keyframe: stills/red.png\n    keyframe: stills/blue.png\n",
        ["11:5: scenes[0].keyframe: duplicate key 'keyframe', first in line 10; keep one of them"],
    ),
    "two clocks": (
        "duration: 1.0",
        "duration: 1.0\n    text: hello",
        [
            "12:5: scenes[1]: has text and duration; give exactly one of them",
        ],
    ),
    "time past the end": (
        "text: Every evening the keeper climbed 117 steps to wake the lamp.",
        "time: {start: 5, end: 11}",
        ["17:27: scenes[2].time.end: 11 s is past the end of the narration, 10.20 s"],
    ),
    "outside": (
        "stills/red.png",
        "../red.png",
        [
            "10:15: scenes[0].keyframe: '../red.png' lies outside the script's folder; "
            "move it there, or allow it with --allow-outside"
        ],
    ),
    "tag": (
        "id: dusk",
        "id: !!python/object:os.system dusk",
        [
            "8:9: scenes[0].id: the tag 'tag:yaml.org,2002:python/object:os.system' "
            "is not allowed; write a plain value"
        ],
    ),
    "unsaid word": (
        "keyframe: stills/red.png",
        'keyframes: [{image: stills/red.png, at: "word:seas"}]',
        [
            "10:45: scenes[0].keyframes[0].at: the scene's text has no word 'seas'; "
            "did you mean 'sea'?"
        ],
    ),
    "no share": (
        "keyframe: stills/red.png",
        'keyframes: [{image: stills/red.png, at: "1/0%"}]',
        [
            "10:45: scenes[0].keyframes[0].at: '1/0%' is not a place in the scene; give a time in "
            "the scene: start, end, a share such as 40%, seconds from the scene's start, or a "
            "spoken word such as word:storm (word:storm#2 for its second occurrence)"
        ],
    ),
    "renderer": (
        "id: dusk",
        "id: dusk\n    renderer: camra",
        ["9:15: scenes[0].renderer: 'camra' is not a renderer; did you mean 'camera'?"],
    ),
    "rate": (
        "fps: 24",
        "fps: 23.98",
        ['3:40: output.fps: 23.98 is not a whole number or text; write "24000/1001"'],
    ),
    "a rate of no kind": (
        "fps: 24",
        "fps: 23.5",
        [
            "3:40: output.fps: 23.5 is not a whole number or text; "
            'give frames per second: a whole number, or a fraction such as "24000/1001"'
        ],
    ),
    "colour": (
        "version: 1",
        "version: 1\ncaptions: {burn: true, colour: '#12', color: red, font: none.ttf}",
        [
            "2:32: captions.colour: '#12' is not a colour; "
            "write it as #ffd400, with opacity as #ffd400c0, or as a CSS name",
            "2:39: captions.color: 'color' is not a key here; did you mean 'colour'?",
            "2:57: captions.font: 'none.ttf' does not exist; check the name",
        ],
    ),
    "keys of other places": (
        "id: dusk",
        "id: dusk\n    cover: {at: 1}\n    easing: linear\n    music: bed.mp3\n    audio: a.mp3",
        [
            "9:5: scenes[0].cover: 'cover' is not a key here; "
            "it belongs in 'output' at the top level of the file",
            "10:5: scenes[0].easing: 'easing' is not a key here; it belongs in 'motion'",
            "11:5: scenes[0].music: 'music' is not a key here; "
            "it belongs at the top level of the file",
            "12:5: scenes[0].audio: 'audio' is not a key here; "
            "it belongs in 'narration' or 'sounds'",
        ],
    ),
    "a key of scenes beside them": (
        "version: 1",
        "version: 1\nkeyframe: stills/red.png",
        ["2:1: keyframe: 'keyframe' is not a key here; it belongs in 'scenes'"],
    ),
    "too many digits": (
        "id: dusk",
        "id: dusk\n    seed: 1234567890123456789012",
        ["9:11: scenes[0].seed: '1234567890123456789012' has too many digits; at most 2147483647"],
    ),
    "emoji with a joiner, and a direction that is not shown": (
        "duration: 1.0",
        'duration: "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}\N{RIGHT-TO-LEFT OVERRIDE}"',
        [
            "13:15: scenes[1].duration: '\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}\\u202e' is not a "
            "number; give the length of a silent beat in seconds"
        ],
    ),
    "a number for one of several words": (
        "version: 1",
        "version: 1\ncaptions: {style: 7}",
        ["2:19: captions.style: 7 is not a caption style; known: plain, karaoke, word"],
    ),
    "caption style": (
        "version: 1",
        "version: 1\ncaptions: {position: left, size: 4, safe_area: {left: 50}}",
        [
            "2:22: captions.position: 'left' is not a position; give the position of the "
            "block: top, middle, bottom, or the height of its centre in percent, such as 65%",
            "2:34: captions.size: 4 is less than 8",
            "2:55: captions.safe_area.left: 50 is more than 45",
        ],
    ),
    "a bound missed by little": (
        "version: 1",
        "version: 1\nsilences: {longer_than: 0.0499999, keep: 0}",
        ["2:25: silences.longer_than: 0.0499999 is less than 0.05"],
    ),
    "music": (
        "gain_db: -12,",
        "end_on: bar, first_beat: 1,",
        [
            "5:33: music.end_on: bars need bpm; state bpm, or end on a fade",
            "5:50: music.first_beat: needs bpm; state bpm",
        ],
    ),
    "bars": (
        "gain_db: -12,",
        "bpm: 20, beats_per_bar: 32,",
        [
            "5:30: music.bpm: the music, 3.00 s, is shorter than a bar; "
            "check bpm, beats_per_bar and first_beat"
        ],
    ),
    "sounds": (
        "id: dusk",
        "id: dusk\n    sounds: [{audio: bed.wav, at: '140%'}, {audio: bed.wav, at: 'word:seas'},"
        " {audio: stills/red.png}, {at: end}]",
        [
            "9:35: scenes[0].sounds[0].at: '140%' is beyond the scene's end; "
            "a share is at most 100%",
            "9:65: scenes[0].sounds[1].at: the scene's text has no word 'seas'; "
            "did you mean 'sea'?",
            "9:87: scenes[0].sounds[2].audio: 'stills/red.png' holds no sound; is it a sound file?",
            "9:104: scenes[0].sounds[3]: 'audio' is missing; give a sound or video file, in any "
            "format that ffmpeg reads",
        ],
    ),
    "rate as text": (
        "fps: 24",
        'fps: "999/1"',
        ["3:40: output.fps: '999/1' is more than 240 frames a second"],
    ),
    "timecode beyond the second": (
        "fps: 24",
        'fps: 24, start_timecode: "01:00:00:24"',
        [
            "3:60: output.start_timecode: '01:00:00:24' is not a timecode at 24 frames a second; "
            "frames count from 00 to 23"
        ],
    ),
    "drop frame at 24": (
        "fps: 24",
        'fps: 24, start_timecode: "01:00:00;00"',
        [
            "3:60: output.start_timecode: '01:00:00;00' is not a timecode at 24 frames a second; "
            "only 30000/1001 and 60000/1001 drop frames; write a colon before the frames"
        ],
    ),
    "a rounded rate as text": (
        "fps: 24",
        'fps: "23.976"',
        ["3:40: output.fps: '23.976' is not a frame rate; write \"24000/1001\""],
    ),
    "a file where a mapping stands": (
        "narration: {audio: voice.wav}",
        "narration: voice.wav",
        [
            "4:12: narration: 'voice.wav' is not a mapping of keys to values; "
            "write it as {audio: voice.wav}"
        ],
    ),
    "a word where a mapping stands": (
        "transition: {type: cut}",
        "transition: cut",
        [
            "20:17: scenes[2].transition: 'cut' is not a mapping of keys to values; "
            "write it as {type: cut}"
        ],
    ),
    "a number where text stands": (
        "text: Every evening the keeper climbed 117 steps to wake the lamp.",
        "text: 117",
        ['17:11: scenes[2].text: 117 is not text; put it in quotes, as in "117"'],
    ),
    "a name with an umlaut": (
        "id: dusk",
        "id: Dämmerung",
        [
            "8:9: scenes[0].id: 'Dämmerung' is not a name for a scene; give the name of the "
            "scene's clips and media: English letters, digits, _ and -, at most 64, the first not -"
        ],
    ),
    "other programs' words": (
        "motion: {camera: pan_left}\n    transition: {type: cut}",
        "motion: {camera: zoom_in, focus: center}\n    transition: {type: fade}",
        [
            "19:22: scenes[2].motion.camera: 'zoom_in' is not a camera move; "
            "that is 'push_in' here",
            "19:38: scenes[2].motion.focus: 'center' is not a focus; that is 'middle' here",
            "20:24: scenes[2].transition.type: 'fade' is not a transition; that is 'dissolve' here",
        ],
    ),
    "a list of words where a mapping stands": (
        "narration: {audio: voice.wav}",
        "narration: [voice.wav]",
        ["4:12: narration: a list is not a mapping of keys to values; write it as {audio: ...}"],
    ),
    "a point beyond the frame": (
        "motion: {camera: pan_left}",
        "motion: {camera: pan_left, focus: [2, 0]}",
        ["19:40: scenes[2].motion.focus[0]: 2 is more than 1"],
    ),
    "a word where a level stands": (
        "gain_db: -12,",
        "gain_db: loud,",
        ["5:34: music.gain_db: 'loud' is not a number; give a level in dB"],
    ),
    "a name unlike any other": (
        "stills/blue.png",
        "stills/nope.png",
        ["18:15: scenes[2].keyframe: 'stills/nope.png' does not exist; check the name"],
    ),
    "a close name of another kind": (
        "stills/blue.png",
        "stills/blue.mp4",
        ["18:15: scenes[2].keyframe: 'stills/blue.mp4' does not exist; check the name"],
    ),
    "odd size": (
        "width: 108",
        "width: 107",
        ["3:17: output.width: 107 is not a multiple of 2"],
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_problems_have_a_place_a_fact_and_a_hint(
    case: str, edit: Callable[[str, str], Path]
) -> None:
    old, new, expected = PROBLEMS[case]
    assert problems(edit(old, new)) == expected


def test_a_broken_image_is_reported_before_any_work(project: Path) -> None:
    (project.parent / "stills" / "red.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    assert problems(project) == [
        "10:15: scenes[0].keyframe: 'stills/red.png' is not a readable image; "
        "PNG, JPEG, WebP and TIFF are"
    ]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_stills_of_extreme_sizes_are_reported_before_any_work(project: Path) -> None:
    stills = project.parent / "stills"
    Image.new("1", (600, 4)).save(stills / "red.png")
    Image.new("1", (20000, 9000)).save(stills / "green.png")
    Image.new("1", (13100, 13100)).save(stills / "blue.png")
    assert problems(project) == [
        "10:15: scenes[0].keyframe: 'stills/red.png' is 600x4; "
        "one side may be 50 times the other at the most",
        "14:15: scenes[1].keyframe: 'stills/green.png' is too large; "
        "the limit is 170 million pixels",
        "18:15: scenes[2].keyframe: 'stills/blue.png' is 13100x13100; "
        "the limit is 170 million pixels",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="both lead there")
def test_hints_correct_slashes_and_names_of_folders(project: Path) -> None:
    project.write_text(SCRIPT.replace("stills/red", "stills\\red").replace("stills/b", "still/b"))
    assert problems(project) == [
        "10:15: scenes[0].keyframe: 'stills\\\\red.png' does not exist; write / between folders",
        "18:15: scenes[2].keyframe: 'still/blue.png' does not exist; "
        "there is no folder 'still' either; did you mean 'stills'?",
    ]


def test_an_unreadable_font_is_reported_before_any_work(project: Path) -> None:
    (project.parent / "my.ttf").write_bytes(b"no font at all")
    project.write_text(SCRIPT.replace("version: 1", "version: 1\ncaptions: {font: my.ttf}"))
    assert problems(project) == [
        "2:18: captions.font: 'my.ttf' is not a readable font; TrueType and OpenType fonts are"
    ]


def test_captions_music_and_sounds_are_read(project: Path) -> None:
    shutil.copy(fonts.RUBIK, project.parent / "my.ttf")
    project.write_text(
        SCRIPT.replace(
            "version: 1",
            "version: 1\ncaptions: {burn: true, style: word, font: my.ttf, colour: hotpink, "
            "position: 65%, safe_area: {left: 7.5}}",
        )
        .replace("gain_db: -12,", "gain_db: -12, bpm: 93.5, end_on: bar, attack: 0.1,")
        .replace(", fade_out: 0.5", "")
        .replace("id: dusk", "id: dusk\n    sounds: [{audio: bed.wav, at: word:sea, gain_db: -3}]")
    )
    script = load_script(project)
    assert script.captions == model.Captions(
        burn=True,
        style="word",
        font=str(project.parent.absolute() / "my.ttf"),
        colour="hotpink",
        position="65%",
        safe_area={"left": 7.5},
    )
    assert script.music is not None
    assert (script.music.bpm, script.music.attack) == (Fraction(187, 2), Fraction(1, 10))
    assert script.music.fade_out == Fraction(1, 50)
    assert script.scenes[0].sounds == (
        model.SoundEffect(
            project.parent.absolute() / "bed.wav",
            model.ScenePlace("word", word="sea"),
            gain_db=-3.0,
        ),
    )


def test_an_audio_file_without_sound_is_reported_before_any_work(project: Path) -> None:
    shutil.copy(project.parent / "stills" / "red.png", project.parent / "voice.wav")
    found = problems(project)
    assert len(found) == 1
    assert found[0].startswith("4:20: narration.audio: 'voice.wav' holds no sound")


@pytest.mark.parametrize(
    "text",
    ["", "version: [", "\tversion: 1", "just words", "a: &a [*a]", "- 1\n- 2"],
)
def test_a_file_that_is_not_a_script_is_rejected(text: str, project: Path) -> None:
    project.write_text(text)
    assert problems(project)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("scenes:\n\t- id: a\n", "2:1", "a tab is not valid indentation; indent with spaces"),
        ("\ufeffa: 1\r\n\tb: 2\r\n", "2:1", "a tab is not valid indentation"),
        ('version: 1\ntitle: "abc\nscenes: []\n', "2:8", "the quote that opens here is not closed"),
        (
            "title: Night: the sea\n",
            "1:13",
            "a colon and a space are not allowed inside this value",
        ),
        ("title: @sea\n", "1:8", "a value cannot begin with @; put it in quotes"),
        ("scenes:\n  - id: a\n   text: x\n", "3:4", "this does not continue the lines above"),
        ('title: "Hi" he said\n', "1:13", "this does not continue the lines above"),
        (
            "title: 'Hi\nscenes:\n  - text: 'no'\n",
            "1:8",
            "the quote that opens here is closed in line 3 only",
        ),
        (
            'scenes:\n  - {text: "a}\n  - {text: "b"}\n',
            "2:12",
            "the quote that opens here is closed in line 3 only",
        ),
    ],
)
def test_faults_of_yaml_are_told_in_a_writers_words(
    text: str, place: str, said: str, project: Path
) -> None:
    project.write_text(text, encoding="utf-8", newline="")
    (found,) = problems(project)
    assert found.startswith(f"{place}: YAML: {said}")


def test_an_alias_bomb_is_rejected(project: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    project.write_text("\n".join(lines))
    begun = time.process_time()
    found = problems(project)
    assert found == ["6:5: the document expands without bound"]
    assert time.process_time() - begun < 1


def test_too_many_values_stop_the_parser(project: Path) -> None:
    project.write_text("- 1\n" * 8_000_000)
    begun = time.process_time()
    assert problems(project) == [" holds more than 500,000 values"]
    assert time.process_time() - begun < 5


def test_at_most_a_thousand_problems_are_reported(project: Path) -> None:
    project.write_text("".join(f"key{n}: 1\n" for n in range(100_000)))
    begun = time.process_time()
    assert len(problems(project)) == 1000
    assert time.process_time() - begun < 10


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_a_symbolic_link_does_not_lead_outside(project: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    still = project.parent / "stills" / "red.png"
    shutil.move(still, secret)
    still.symlink_to(secret)
    assert "lies outside" in problems(project)[0]
    assert load_script(project, allow_outside=True)


def test_defaults_are_merged_into_scenes(project: Path) -> None:
    script = load_script(project)
    dusk, breath, stairs = script.scenes
    assert dusk.transition == model.ScriptTransition("dissolve", Fraction(1, 2))
    assert stairs.transition == model.ScriptTransition("cut", Fraction(0))
    assert breath.duration == 1
    assert dusk.motion == model.ScriptMotion(camera="push_in")
    assert dusk.places["text"].line == 9
    assert dusk.places["keyframe"].where == "scenes[0].keyframe"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Große Wellen über Füße", "01-grosse-wellen-uber"),
        ("L'été, à Łódź", "01-l-ete-a"),
        ("渔夫把船推入", "01"),
        ("The", "01-the"),
    ],
)
def test_scenes_without_an_id_are_named_after_their_words(
    text: str, name: str, edit: Callable[[str, str], Path]
) -> None:
    said = "text: At the edge of the sea there was once a light, and a man who kept it."
    script = edit("id: dusk\n    " + said, f"text: {text}")
    assert load_script(script).scenes[0].id == name


def test_a_transition_without_a_duration_has_the_default(edit: Callable[[str, str], Path]) -> None:
    script = edit("type: cut", "type: wipe_left")
    assert load_script(script).scenes[2].transition == model.ScriptTransition(
        "wipe_left", Fraction(1, 2)
    )
    script = edit("duration: 0.5}}", "duration: 0.8}}")
    assert load_script(script).scenes[2].transition == model.ScriptTransition(
        "wipe_left", Fraction(4, 5)
    )
    script = edit("wipe_left", "wipe_left, duration: 0")
    assert load_script(script).scenes[2].transition == model.ScriptTransition(
        "wipe_left", Fraction(0)
    )


def test_decimal_times_are_exact(edit: Callable[[str, str], Path]) -> None:
    assert load_script(edit("duration: 1.0", "duration: 0.1")).scenes[1].duration == Fraction(1, 10)


def test_words_that_yaml_would_convert_stay_strings(
    edit: Callable[[str, str], Path],
) -> None:
    assert load_script(edit("id: dusk", "id: no")).scenes[0].id == "no"


def test_defaults_of_the_schema_are_those_of_the_model() -> None:
    schema = schemas.load("script")["$defs"] | schemas.load("script")["properties"]
    for key, default in {
        "motion": model.ScriptMotion(),
        "output": model.ScriptOutput(),
        "captions": model.Captions(),
        "silences": model.ScriptSilences(),
    }.items():
        for name, rules in schema[key]["properties"].items():
            left_to_the_backend = key == "captions" and getattr(default, name) is None
            if "default" in rules and name != "loras" and not left_to_the_backend:
                stated = rules["default"]
                same = float(getattr(default, name)) if isinstance(stated, int | float) else None
                assert stated in (same, getattr(default, name)), (key, name)


def test_the_shipped_example_is_a_valid_script() -> None:
    script = load_script(LIGHTHOUSE / "script.yaml")
    assert len(script.scenes) >= 8


PLAIN = yaml.safe_load(SCRIPT)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_script_raises_input_errors_only(data: st.DataObject, project: Path) -> None:
    script = json.loads(json.dumps(PLAIN))
    for _ in range(data.draw(st.integers(1, 3))):
        holder = script
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            inner = holder[key]
            if isinstance(inner, dict | list) and data.draw(st.booleans()):
                holder = inner
                continue
            holder[key] = data.draw(JUNK)
            break
    project.write_text(yaml.safe_dump(script, allow_unicode=True))
    try:
        load_script(project, renderers={"camera"})
    except InputError as error:
        assert all(problem.line for problem in error.problems)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            '{"segments": [\n  {"start": 0.0\n',
            "words/voice.json:3:1: is broken JSON: Expecting ',' delimiter",
        ),
        (
            "0.0 1.0 one\n",
            "words/voice.json: is not a transcript in a known format: it begins with '0.0 1",
        ),
        ("", "words/voice.json: is empty; did the program that writes it finish?"),
    ],
)
def test_an_unreadable_transcript_is_reported_where_the_script_names_it(
    content: str, told: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.parent / "words").mkdir()
    (project.parent / "words" / "voice.json").write_text(content)
    named = "narration: {audio: voice.wav, transcript: words/voice.json, align: transcript}"
    project.write_text(SCRIPT.replace("narration: {audio: voice.wav}", named))
    monkeypatch.chdir(project.parent)
    with pytest.raises(InputError) as caught:
        align_narration(load_script(project))
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"small.yaml:4:43: narration.transcript: {told}")


def test_the_transcript_of_one_scene_is_reported_at_that_scene(project: Path) -> None:
    (project.parent / "voice.txt").write_text("nothing timed\n")
    own = "\n    narration: {audio: voice.wav, transcript: voice.txt, align: transcript}"
    text = SCRIPT.replace("narration: {audio: voice.wav}\n", "")
    for said in ("a man who kept it.", "wake the lamp."):
        text = text.replace(said, said + own)
    project.write_text(text)
    with pytest.raises(InputError) as caught:
        align_narration(load_script(project))
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{project}:9:47: scenes[0].narration.transcript: voice.txt: is not a ")
    assert second.startswith(f"{project}:18:47: scenes[2].narration.transcript: voice.txt: is not")


@pytest.mark.parametrize(
    "at", ["1e999999999%", "9" * 5000 + "%", "9" * 5000, "word:sea#" + "9" * 5000]
)
def test_a_time_with_absurd_digits_is_rejected_at_once(
    at: str, edit: Callable[[str, str], Path]
) -> None:
    still = "keyframe: stills/red.png"
    script = edit(still, f'keyframes: [{{image: stills/red.png, at: "{at}"}}]')
    begun = time.process_time()
    assert problems(script)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("scenes", "expected"),
    [
        ("", "1:1: 'scenes' is missing; add a list of scenes"),
        (
            "scenes: [just text]\n",
            "2:10: scenes[0]: 'just text' is not a mapping of keys to values; "
            "write it as {text: ..., keyframe: ...}",
        ),
    ],
)
def test_a_script_without_fields_is_told_how_to_write_them(
    project: Path, scenes: str, expected: str
) -> None:
    project.write_text(f"version: 1\n{scenes}")
    assert problems(project) == [expected]
