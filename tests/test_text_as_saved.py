"""Line ends, byte order marks and UTF-16 make no difference in any input."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.editors import formats
from otio_gvideo.compiler.editors.script_draft_folder import draft_from_folder
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.files.text_encoding import decode, unix_lines
from otio_gvideo.compiler.script.config import load_config
from otio_gvideo.compiler.script.read_script import load_script
from otio_gvideo.compiler.script.yaml_source import read_yaml
from otio_gvideo.compiler.speech.transcripts import read_transcript
from PIL import Image

from .compiler.editors.sample_cut import cut, media

TRANSCRIPTS = Path(__file__).parent / "compiler" / "speech" / "transcripts" / "data"


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


SAVED: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "crlf": lambda text: _crlf(text).encode(),
    "cr": lambda text: text.replace("\n", "\r").encode(),
    "mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "mark, crlf": lambda text: codecs.BOM_UTF8 + _crlf(text).encode(),
    "powershell": lambda text: codecs.BOM_UTF16_LE + _crlf(text).encode("utf-16-le"),
    "utf-16-be": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
}
as_saved = pytest.mark.parametrize("how", SAVED)
SCRIPT = """\
# Über
version: 1
title: "日本"
scenes:
  - {id: a, duration: 2, keyframe: é.png}
  - id: b
    duration: 2
    keyframe: é.png
    prompt: |
      two
      lines
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.linear_gradient("L").convert("RGB").resize((54, 96)).save(tmp_path / "é.png")
    return tmp_path


def text_of(path: Path) -> str:
    return unix_lines(decode(path.read_bytes(), "surrogateescape"))


def can_be_saved_anew(path: Path) -> bool:
    """Whether a file is text in the encoding that it is in, and is not refused."""
    surrogates = re.search("[\ud800-\udfff]", text_of(path))
    return path.name != "several.ctm" and surrogates is None


NAMES = sorted(path.name for path in TRANSCRIPTS.iterdir() if can_be_saved_anew(path))


def write(path: Path, text: str, how: str) -> Path:
    path.write_bytes(SAVED[how](text))
    return path


@as_saved
def test_a_script(how: str, folder: Path) -> None:
    script = load_script(write(folder / "s.yaml", SCRIPT, how), renderers=("parallax",))
    assert script.title == "日本"
    assert script.scenes[0].keyframes[0].image == folder / "é.png"
    assert script.scenes[1].prompt == "two\nlines\n"


@as_saved
@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (("duration: 2, keyframe: é.png", "duration: 2, keyframe: ä.png"), "5:36: scenes[0].keyf"),
        (("title: ", "titel: "), "3:1: titel"),
        (("keyframe: é.png\n    prompt", "keyframe: [é\n    prompt"), "9:11: YAML"),
        (("# Über\n", ""), ""),
    ],
)
def test_mistakes_in_a_script_have_their_places(
    how: str, wrong: tuple[str, str], place: str, folder: Path
) -> None:
    path = write(folder / "s.yaml", SCRIPT.replace(*wrong, 1), how)
    try:
        load_script(path, renderers=("parallax",))
    except InputError as error:
        assert str(error.problems[0]).startswith(f"{path}:{place}")
    else:
        assert not place


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("a: é\nb: é".encode() + b"\xff", (2, 5)),
        (codecs.BOM_UTF8 + "b: é".encode() + b"\xff", (1, 5)),
        ("a: é\r\nb: é".encode() + b"\xff", (2, 5)),
        (codecs.BOM_UTF16_LE + "a: é\r\nb: é".encode("utf-16-le") + b"x", (2, 5)),
    ],
)
def test_undecodable_bytes_have_their_place(
    content: bytes, place: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_yaml(path, "s.yaml")
    problem = caught.value.problems[0]
    assert (problem.line, problem.column, problem.what) == (*place, "is not UTF-8 text")


@as_saved
def test_a_configuration(how: str, tmp_path: Path) -> None:
    text = "# Für später\nworkers: 3\nrenderers:\n  camera: {note: é}\n"
    config = load_config(write(tmp_path / "video_config.yaml", text, how), None)
    assert config.workers == 3
    assert config.renderers == {"camera": {"note": "é"}}


@as_saved
@pytest.mark.parametrize("name", NAMES)
def test_every_transcript(name: str, how: str, tmp_path: Path) -> None:
    text = text_of(TRANSCRIPTS / name)
    (tmp_path / name).write_bytes(text.encode())
    plain = read_transcript(tmp_path / name)
    saved = read_transcript(write(tmp_path / f"saved-{name}", text, how))
    assert saved.format == plain.format
    assert saved.words == plain.words


@as_saved
def test_mistakes_in_a_transcript_have_their_places(how: str, tmp_path: Path) -> None:
    path = write(tmp_path / "words.json", '{"text": "é",\n "words": [é]}\n', how)
    with pytest.raises(InputError) as caught:
        read_transcript(path)
    problem = caught.value.problems[0]
    assert (problem.line, problem.column) == (2, 12)


@as_saved
def test_the_text_of_a_folder(how: str, folder: Path, voice: Path) -> None:
    (folder / "voice.wav").write_bytes(voice.read_bytes())
    (folder / "b.png").write_bytes((folder / "é.png").read_bytes())
    write(folder / "text.txt", "Über die See.\n\nEin Licht,\ndas brannte.\n", how)
    draft = draft_from_folder(folder).script
    message = [scene.get("text") for scene in draft["scenes"]]
    assert message == ["Über die See.", "Ein Licht,\ndas brannte."]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cut in every readable text format."""
    folder = tmp_path_factory.mktemp("é exported")
    media(folder, Fraction(24))
    source = folder / "reel.otio"
    otio.adapters.write_to_file(cut(folder), str(source))
    for suffix in (".edl", ".xml", ".fcpxml"):
        export_timeline(source, folder / f"cut{suffix}")
    return folder


@as_saved
@pytest.mark.parametrize("name", ["reel.otio", "cut.edl", "cut.xml", "cut.fcpxml"])
def test_every_timeline(name: str, how: str, exported: Path, tmp_path: Path) -> None:
    text = (exported / name).read_text(encoding="utf-8")
    plain = formats.read(exported / name)
    saved = formats.read(write(tmp_path / name, text, how))
    assert isinstance(plain, otio.schema.Timeline)
    assert isinstance(saved, otio.schema.Timeline)
    assert saved.name == plain.name
    assert saved.tracks.to_json_string() == plain.tracks.to_json_string()
    assert len(list(saved.find_clips())) > 3


def test_a_document_in_the_encoding_that_it_states(tmp_path: Path, exported: Path) -> None:
    text = (exported / "cut.xml").read_text(encoding="utf-8")
    text = text.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').replace("scene 0", "é 0")
    path = tmp_path / "cut.xml"
    path.write_bytes(text.encode("iso-8859-1"))
    timeline = formats.read(path)
    assert isinstance(timeline, otio.schema.Timeline)
    assert "é 0" in {clip.name for clip in timeline.find_clips()}
