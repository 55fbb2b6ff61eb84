"""Round trips through each format; their results are the table in ``docs/editors.md``."""

from __future__ import annotations

import os
import re
import zipfile
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any

import opentimelineio as otio
import pysubs2
import pytest
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.editors import formats
from otio_gvideo.compiler.editors.prepare_export import prepare_export
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.layout import kind_of, lay_out
from otio_gvideo.compiler.timeline.properties import rate_of, size_of

from .resolve import compiled
from .sample_cut import START, cut, media

ROOT = Path(__file__).parents[3]
NTSC = Fraction(24000, 1001)
CORPUS = Path(os.environ.get("OTIO_GVIDEO_CORPUS", "no corpus"))
"""A folder of timelines that other programs wrote."""
READ_BACK = (".otio", ".otioz", ".otiod", ".fcpxml", ".xml", ".edl", ".aaf")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a cut")
    media(folder, Fraction(24))
    return folder


def there_and_back(
    timeline: otio.schema.Timeline, folder: Path, suffix: str, editor: str | None = None
) -> otio.schema.Timeline:
    source = folder / "cut.otio"
    timeline.to_json_file(str(source))
    written = export_timeline(source, folder / f"out{suffix}", editor=editor).path
    back = formats.read(written, rate_of(timeline))
    assert isinstance(back, otio.schema.Timeline)
    return back


def facts(timeline: otio.schema.Timeline, fps: Fraction) -> dict[str, Any]:
    """Return the properties that a format may keep, by the rows of the table."""
    tracks = [(track, lay_out(track, fps)) for track in timeline.tracks]
    clips = [[p for p in items if isinstance(p.item, otio.schema.Clip)] for _, items in tracks]
    pictures = [c for (t, _), c in zip(tracks, clips, strict=True) if t.kind == "Video"]
    sounds = [c for (t, _), c in zip(tracks, clips, strict=True) if t.kind == "Audio"]
    blends = [
        [(p.start, p.into.before, p.into.after, p.into.kind) for p in c if p.into] for c in pictures
    ]

    def ranges(rows: list[Any]) -> list[Any]:
        return [[(p.start, p.frames, p.media_start) for p in row] for row in rows]

    return {
        "cuts": ranges(pictures[:1]),
        "more picture tracks": ranges(pictures[1:]),
        "sound": ranges(sounds),
        "crossfades of sound": [
            (p.start, p.into.before, p.into.after) for row in sounds for p in row if p.into
        ],
        "handles": [
            [p.item.media_reference.available_range is not None
             and p.item.media_reference.available_range.duration.value for p in row]
            for row in pictures[:1]
        ],
        "dissolves": [b[:3] for b in blends[0] if b[3] == "dissolve" and b[0] == 40],
        "wipes, as a transition there": [b[:3] for b in blends[0] if b[0] != 40],
        "wipes, by kind": [b[3] for b in blends[0] if b[0] != 40],
        "gaps": [(a.end, b.start) for a, b in zip(pictures[0], pictures[0][1:], strict=False)
                 if a.end != b.start],
        "retimes": [float(p.speed) for p in pictures[0]],
        "clip names": [p.item.name for p in pictures[0]],
        "track names": [track.name for track, _ in tracks][:1],
        "media": [Path(p.item.media_reference.target_url).name for p in pictures[0]],
        "markers": sorted(
            (str(m.name), round(m.marked_range.start_time.value)) for m in timeline.tracks.markers
        ),
        "notes of markers": sorted(str(m.comment) for m in timeline.tracks.markers),
        "rate": rate_of(timeline),
        "start timecode": round(timeline.global_start_time.value)
        if timeline.global_start_time is not None else 0,
    }  # fmt: skip


def table(title: str) -> dict[str, dict[str, str]]:
    """Return a table of ``docs/editors.md``: rows by first cell, cells by column head."""
    text = (ROOT / "docs" / "editors.md").read_text()
    block = text.split(f"<!-- {title} -->")[1].strip().split("\n\n")[0]
    head, _, *body = ([cell.strip().strip("`") for cell in line.strip("|").split("|")]
                      for line in block.splitlines())  # fmt: skip
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


@pytest.mark.parametrize("suffix", READ_BACK)
def test_the_table_states_what_survives_a_round_trip(folder: Path, suffix: str) -> None:
    timeline = cut(folder)
    sent = facts(timeline, Fraction(24))
    came = facts(there_and_back(timeline, folder, suffix), Fraction(24))
    found = {row: "yes" if came[row] == sent[row] else "no" for row in sent}
    said = {row: cells[suffix] for row, cells in table("formats").items()}
    assert found == {row: re.sub(r"\W.*", "", cell) for row, cell in said.items()}


@pytest.mark.parametrize("suffix", READ_BACK)
def test_every_cut_stays_on_its_frame_at_an_ntsc_rate(tmp_path: Path, suffix: str) -> None:
    media(tmp_path / "clips", NTSC)
    timeline = cut(tmp_path / "clips", NTSC)
    for clip in timeline.find_clips():
        clip.effects.clear()
    sent = facts(timeline, NTSC)
    came = facts(there_and_back(timeline, tmp_path / "clips", suffix), NTSC)
    for row in ("cuts", "dissolves", "gaps", "rate"):
        assert came[row] == sent[row], row


@pytest.mark.parametrize("suffix", READ_BACK)
def test_clips_of_one_file_keep_their_own_names(folder: Path, suffix: str) -> None:
    timeline = cut(folder)
    clips = list(timeline.tracks[0].find_clips())
    clips[1].media_reference = clips[0].media_reference.deepcopy()
    back = there_and_back(timeline, folder, suffix)
    names = [clip.name for clip in back.tracks[0].find_clips()]
    assert names == [f"scene {number}" for number in range(5)]


def test_a_slot_without_video_shows_its_still_and_its_handles(tmp_path: Path) -> None:
    timeline = compiled(tmp_path / "reel", rendered=False)
    made, notes = prepare_export(timeline, tmp_path / "reel", ".fcpxml")
    assert notes == []
    for clip in made.tracks[0].find_clips():
        reference = clip.media_reference
        assert Path(reference.target_url).suffix == ".png"
        assert (
            reference.available_range.duration.value >= clip.source_range.end_time_exclusive().value
        )


def test_a_half_rendered_reel_opens_and_missing_media_become_stills(tmp_path: Path) -> None:
    folder = tmp_path / "reel"
    timeline = compiled(folder)
    next((folder / "media").glob("storm-*.mp4")).unlink()
    made, notes = prepare_export(timeline, folder, ".fcpxml")
    assert [Path(c.media_reference.target_url).stem for c in made.tracks[0].find_clips()][1] == (
        "storm"
    )
    assert len(notes) == 1
    assert "replaced by its still" in notes[0]


@pytest.mark.parametrize("suffix", READ_BACK)
@pytest.mark.parametrize("url", ["/nowhere/a.mp4", "D:\\nowhere\\a.mp4"])
def test_a_clip_whose_media_are_missing_stays(folder: Path, suffix: str, url: str) -> None:
    timeline = cut(folder)
    timeline.tracks[0][0].media_reference.target_url = url
    first = there_and_back(timeline, folder, suffix).tracks[0][0]
    assert isinstance(first, otio.schema.Clip)
    assert PureWindowsPath(first.media_reference.target_url).name == "a.mp4"
    _, notes = prepare_export(timeline, folder, suffix)
    assert notes == ["scene 0: its media are missing; it stays, offline"]


@pytest.mark.posix
@pytest.mark.parametrize("url", ["file://localhost/D%3a/nowhere/a.mp4", "/D:/nowhere/a.mp4"])
def test_missing_media_on_a_drive_are_exported_as_that_drives_path(folder: Path, url: str) -> None:
    """A program on Windows reads ``D:/a.mp4``, and no ``/D:/a.mp4``."""
    timeline = cut(folder)
    timeline.tracks[0][0].media_reference.target_url = url
    made, _ = prepare_export(timeline, folder, ".otio")
    assert made.tracks[0][0].media_reference.target_url == "D:/nowhere/a.mp4"


@pytest.mark.parametrize("suffix", READ_BACK)
def test_a_nested_timeline_is_exported_to_every_format(folder: Path, suffix: str) -> None:
    timeline, inner = cut(folder), cut(folder)
    first = timeline.tracks[0][0]
    stack = otio.schema.Stack("nested", [inner.tracks[0].deepcopy()])
    stack.source_range = otio.opentime.TimeRange(duration=first.duration())
    timeline.tracks[0][0] = stack
    back = there_and_back(timeline, folder, suffix)
    placed = lay_out(back.video_tracks()[0], rate_of(timeline))
    assert placed[0].frames == first.duration().value


@pytest.mark.parametrize("suffix", [".mlt", ".kdenlive", ".capcut", ".fcpxml", ".xml", ".aaf"])
def test_a_timeline_of_sound_alone_is_exported(folder: Path, suffix: str) -> None:
    timeline = cut(folder)
    timeline.tracks[:] = [track.deepcopy() for track in timeline.audio_tracks()]
    timeline.to_json_file(str(folder / "sound.otio"))
    exported = export_timeline(folder / "sound.otio", folder / f"sound only{suffix}")
    assert exported.path.exists()


@pytest.mark.skipif(not CORPUS.is_dir(), reason="OTIO_GVIDEO_CORPUS names no folder of timelines")
@pytest.mark.parametrize(
    "suffix", [".fcpxml", ".xml", ".edl", ".aaf", ".mlt", ".kdenlive", ".otioz"]
)
def test_every_clip_of_other_programs_timelines_stays(tmp_path: Path, suffix: str) -> None:
    """Clips are counted where the format reads back; the others have to be written."""
    names = ["swiftex__example.otio", "tlr__Transition2.otio", "fcpk__Complex.fcpxml"]
    for name in names:
        output = tmp_path / f"{name}{suffix}"
        export_timeline(CORPUS / name, output)
        if suffix in READ_BACK and suffix != ".edl":
            shown = [c for c in read_timeline(CORPUS / name).find_clips() if not _is_made(c)]
            back = [c for c in read_timeline(output).find_clips() if not _is_made(c)]
            assert len(back) == len(shown)


def _is_made(clip: otio.schema.Clip) -> bool:
    return isinstance(clip.media_reference, otio.schema.GeneratorReference)


def test_available_ranges_are_those_of_the_files(folder: Path) -> None:
    timeline = cut(folder)
    for clip in timeline.find_clips():
        clip.media_reference.available_range = None
    made, _ = prepare_export(timeline, folder, ".fcpxml")
    ranges = {c.media_reference.available_range.duration.value for c in made.tracks[0].find_clips()}
    assert ranges == {60}


def test_positions_become_whole_frames_without_drift(folder: Path) -> None:
    timeline = cut(folder)
    timeline.tracks[0][0].source_range = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0.4, 24), otio.opentime.RationalTime(39.7, 24)
    )
    made, _ = prepare_export(timeline, folder, ".fcpxml")
    assert made.tracks[0][0].source_range.duration.value == 40


def test_a_final_cut_7_sequence_states_its_format(folder: Path) -> None:
    source = folder / "cut.otio"
    cut(folder).to_json_file(str(source))
    text = export_timeline(source, folder / "format.xml").path.read_text()
    assert "<width>96</width>" in text
    assert "<height>160</height>" in text
    assert "<pathurl>file:///" in text
    assert "a%200.mp4" in text


@pytest.mark.parametrize(
    ("width", "size"), [("1280", (1280, 720)), ("12 in", (96, 160)), ("0", (96, 160))]
)
def test_a_final_cut_7_sequence_has_its_stated_size(
    folder: Path, width: str, size: tuple[int, int]
) -> None:
    source = folder / "cut.otio"
    cut(folder).to_json_file(str(source))
    path = export_timeline(source, folder / "sized.xml").path
    text = path.read_text().replace("<width>96<", f"<width>{width}<")
    path.write_text(text.replace("<height>160<", "<height>720<"))
    assert size_of(read_timeline(path), folder) == size


def test_a_bundle_holds_media_and_their_recipes(tmp_path: Path) -> None:
    folder = tmp_path / "reel"
    compiled(folder)
    path = export_timeline(folder / "reel.otio", tmp_path / "x.otioz").path
    with zipfile.ZipFile(path) as archive:
        names = sorted(Path(name).suffix for name in archive.namelist())
    assert names == [".json"] * 3 + [".mp4"] * 3 + [".otio", ".txt", ".wav"]


def test_files_of_one_name_stay_separate_in_a_bundle(folder: Path, tmp_path: Path) -> None:
    timeline = cut(folder)
    other = tmp_path / "a 0.mp4"
    other.write_bytes((folder / "b 1.mp4").read_bytes())
    timeline.tracks[0][2].media_reference.target_url = str(other)
    source = tmp_path / "cut.otio"
    timeline.to_json_file(str(source))
    back = formats.read(export_timeline(source, tmp_path / "x.otiod", allow_outside=True).path)
    assert isinstance(back, otio.schema.Timeline)
    urls = [Path(c.media_reference.target_url) for c in back.tracks[0].find_clips()]
    assert urls[0].name != urls[1].name
    assert urls[1].read_bytes() == other.read_bytes()


def test_subtitles_are_exported_in_each_format(tmp_path: Path) -> None:
    compiled(tmp_path / "reel")
    for suffix in (".srt", ".vtt", ".ass"):
        path = export_timeline(tmp_path / "reel" / "reel.otio", tmp_path / f"x{suffix}").path
        read = pysubs2.load(str(path))
        assert "storm" in " ".join(line.plaintext for line in read)
        assert abs(read[0].start - 500) <= 21  # half a frame


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x.foo"], "x.foo: .foo is not an export format; known: .otio,"),
        (["-o", "x.edl", "--for", "finalcut"], "Final Cut Pro reads no .edl; it reads .fcpxml"),
        ([], "no output; give -o X.EXT, or --for PROGRAM"),
    ],
)
def test_an_impossible_export_is_rejected_in_one_line(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(folder)
    cut(folder).to_json_file("cut.otio")
    assert main(["export", "cut.otio", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_missing_adapter_is_reported_with_the_extra_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otio.adapters, "from_name", _unknown)
    cut(folder).to_json_file(str(folder / "cut.otio"))
    with pytest.raises(InputError, match=r"pip install 'otio-gvideo\[editors\]'"):
        export_timeline(folder / "cut.otio", folder / "x.aaf")
    assert not (folder / "x.aaf").exists()


def _unknown(name: str) -> None:
    raise otio.exceptions.NotSupportedError(name)


@pytest.mark.parametrize("suffix", [".otio", ".otioz", ".fcpxml", ".xml", ".edl", ".aaf"])
def test_a_broken_file_is_rejected_in_one_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_text("<nonsense")
    if suffix == ".edl":
        path.write_text("001  AX V C 00:00:00:00 rubbish")
    with pytest.raises(InputError) as caught:
        formats.read(path)
    assert str(caught.value).startswith(f"{path}:")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("suffix", "old", "new", "told"),
    [
        (".xml", "<start>0</start>", "<start>soon</start>", "'soon' is not a number"),
        (".fcpxml", 'duration="5/3s"', 'duration="5/0s"', "is invalid: a time is divided by 0"),
    ],
)
def test_a_wrong_number_is_told_without_words_of_python(
    folder: Path, suffix: str, old: str, new: str, told: str
) -> None:
    cut(folder).to_json_file(str(folder / "cut.otio"))
    path = export_timeline(folder / "cut.otio", folder / f"wrong{suffix}").path
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError) as caught:
        formats.read(path)
    assert str(caught.value).endswith(told)


def test_exports_are_atomic(folder: Path) -> None:
    cut(folder).to_json_file(str(folder / "cut.otio"))
    export_timeline(folder / "cut.otio", folder / "out.mlt")
    assert not list(folder.glob(".*tmp*"))


def test_the_start_timecode_is_one_hour(folder: Path) -> None:
    assert there_and_back(cut(folder), folder, ".fcpxml").global_start_time.value == START


def test_transitions_have_names(folder: Path) -> None:
    timeline = cut(folder)
    assert [kind_of(i) for i in timeline.tracks[0] if isinstance(i, otio.schema.Transition)] == [
        "dissolve", "wipe_left"
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", [".otio", ".fcpxml", ".xml", ".aaf"])
def test_a_transition_over_a_whole_clip_keeps_its_cut(folder: Path, suffix: str) -> None:
    timeline = cut(folder, plain=True)
    track = timeline.tracks[0]
    del track[3:]
    dissolve, short = track[1], track[2]
    short.source_range = otio.opentime.TimeRange(
        short.source_range.start_time + otio.opentime.RationalTime(10, 24),
        otio.opentime.RationalTime(10, 24),
    )
    dissolve.in_offset = dissolve.out_offset = otio.opentime.RationalTime(10, 24)
    track.append(track[0].clone())
    back = facts(there_and_back(timeline, folder, suffix), Fraction(24))
    assert back["dissolves"] == [(40, 10, 10)]
    assert back["wipes, as a transition there"] == []


def test_losses_of_an_edl_are_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    timeline = otio.schema.Timeline("bare")
    timeline.tracks.append(otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio))
    path = folder / "bare.otio"
    output = ["-o", str(folder / "bare.edl")]
    otio.adapters.write_to_file(timeline, str(path))
    assert main(["export", str(path), *output]) == 2
    assert capsys.readouterr().err == (
        "the timeline has no picture track; an edit decision list holds pictures only\n"
    )
    still = otio.schema.GeneratorReference(generator_kind="black")
    whole = otio.opentime.TimeRange(duration=otio.opentime.RationalTime(24, 24))
    timeline.tracks.append(otio.schema.Track("V1", [otio.schema.Clip("a", still, whole)]))
    otio.adapters.write_to_file(timeline, str(path))
    assert main(["export", str(path), *output]) == 0
    said = capsys.readouterr().err
    assert "an edit decision list carries no sound; it is left out" in said
    assert "one picture track" not in said
