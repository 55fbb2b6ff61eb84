"""A page shows what its timeline holds, for compiled timelines at every stage."""

from __future__ import annotations

import os
import re
import webbrowser
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler import InputError, compile_script, view_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.timeline.slots import slot_clips

from .parse_page import Page

EVIL = "</script><img src=x onerror=alert(1)>\"'& <!-- script -->"


def load(timeline: Path) -> otio.schema.Timeline:
    return otio.adapters.read_from_file(str(timeline))


def save(made: otio.schema.Timeline, path: Path) -> Path:
    otio.adapters.write_to_file(made, str(path))
    return path


def view(timeline: Path, **options: bool) -> Page:
    page = Page(view_timeline(timeline, **options).path)
    page.assert_safe()
    return page


def test_waiting_slots_show_their_stills_words_and_recipes(compiled: Path) -> None:
    viewed = view_timeline(compiled)
    assert viewed.path == compiled.with_suffix(".html")
    assert viewed.warnings == ("3 slots wait for video (otio-gvideo render small.otio)",)
    page = view(compiled)
    made = load(compiled)
    clips = list(made.video_tracks()[0].find_clips())

    assert [row["Slot"] for row in page.slots()] == ["dusk", "breath", "stairs"]
    assert {row["State"] for row in page.slots()} == {"waiting for video"}
    assert [int(row["Frames"]) for row in page.slots()] == [c.duration().value for c in clips]
    assert page.slots()[0]["In"] == "00:00:00:00"
    assert page.slots()[0]["Words"].startswith("At the edge of the sea")
    assert page.slots()[1]["Transition"] == "dissolve, 12 frames"
    assert page.slots()[1]["Words"] == ""

    dusk = page.detail("dusk").words
    assert "an old <light> & the sea" in dusk
    assert "push in" in dusk
    assert "Seed 7" in dusk
    assert "red.png" in dusk
    assert re.search(r"[0-9a-f]{64} \(to be rendered\)", dusk)
    assert "after “it.”" in page.detail("breath").words
    assert "before “Every”" in page.detail("stairs").words

    words = made.metadata["otio_gvideo"]["words"]
    assert [one.text for one in page.find("span", "word")] == [word["text"] for word in words]
    assert [one.words for one in page.find("span", "mark")] == ["dusk", "breath", "stairs"]
    assert page.facts["Picture"] == "3 waiting for video"
    assert page.facts["Size"] == "108×192"
    assert "Loudness" not in page.facts
    assert not page.find("video")


def test_blocks_have_the_frames_of_the_timeline(compiled: Path) -> None:
    page = view(compiled)
    blocks = [block for row in page.find(kind="picture") for block in row.all()]
    starts = [
        tuple(map(int, re.findall(r"--[sn]:(\d+)", one.attributes["style"])))
        for one in blocks
        if "block" in one.classes
    ]
    track = load(compiled).video_tracks()[0]
    ranges = [clip.range_in_parent() for clip in track.find_clips()]
    assert starts == [(int(r.start_time.value), int(r.duration.value)) for r in ranges]
    assert page.data["cuts"] == [start for start, _ in starts[1:]]
    (join,) = (one for one in blocks if "join" in one.classes)
    assert join.attributes["style"] == f"--s:{starts[1][0] - 6};--n:12"
    assert join.words == "dissolve 12"


def test_waveforms_match_the_mix(compiled: Path) -> None:
    page = view(compiled)
    data = page.data
    voice, music = page.peaks(1), page.peaks(2)
    length = data["frames"] / 24
    assert abs(len(voice) - length * data["peaksPerS"]) < data["peaksPerS"]
    beat = page.slots()[1]
    start = sum(int(row["Frames"]) for row in page.slots()[:1]) / 24
    inside = slice(
        int((start + 0.1) * data["peaksPerS"]),
        int((start + float(beat["Seconds"]) - 0.1) * data["peaksPerS"]),
    )
    assert voice.max() > 100
    assert voice[inside].max() == 0, "the narration waits"
    # Music is ducked by 10 dB under speech: to 0.56 of the root of its level.
    spoken = slice(int(1.3 * data["peaksPerS"]), int(1.8 * data["peaksPerS"]))
    given_way = np.median(music[spoken]) / np.median(music[inside])
    assert given_way == pytest.approx(10 ** (-10 / 40), abs=0.03)
    assert [one["u"] for one in data["heard"]][:1] == ["./../../voice.wav"]


@pytest.mark.slow
def test_a_finished_reel_is_played_and_doubts_about_it_are_noted(project: Path) -> None:
    report = compile_script(project)
    page = view(report.timeline)
    (video,) = page.find("video")
    assert video.attributes["src"] == "./small.mp4"
    assert report.loudness is not None
    assert page.facts["Loudness"].startswith(f"{report.loudness.integrated_lufs:.1f} LUFS")
    assert page.facts["Picture"] == "3 rendered"
    assert page.notes == ""
    by_name = {slot.name: slot for slot in report.slots}
    for row in page.slots():
        slot = by_name[row["Slot"]]
        assert row["State"] == "rendered"
        assert row["Media"] == slot.media.name
        assert slot.key in page.detail(slot.name).words
    for strip in page.data["strips"][0]:
        # Stills are tinted, so that a picture identifies its slot.
        for _, number in strip["t"]:
            red, green, blue = page.picture(number).reshape(-1, 3).mean(axis=0)
            index = page.data["strips"][0].index(strip)
            assert np.argmax([red, green, blue]) == (0, 1, 2)[index]

    # A changed recipe and an older reel are both reported.
    made = load(report.timeline)
    next(slot_clips(made)).clip.media_references()["generator"].parameters["seed"] = 99
    save(made, report.timeline)
    os.utime(report.timeline.with_suffix(".mp4"), (1, 1))
    page = view(report.timeline)
    assert "changed after rendering" in page.detail("dusk").words
    assert "small.mp4 is older than the timeline" in page.notes

    # A reel of another length is out of date, and is not played.
    made = load(report.timeline)
    made.tracks[:] = [made.video_tracks()[0].deepcopy()]
    made.video_tracks()[0].pop()
    save(made, report.timeline)
    page = view(report.timeline)
    assert "the reel is out of date" in page.notes
    assert not page.find("video")

    # Editors drop recipes; then they come from the file beside the media.
    for clip in made.find_clips():
        shown = clip.media_reference.deepcopy()
        clip.set_media_references({"DEFAULT_MEDIA": shown}, "DEFAULT_MEDIA")
    save(made, report.timeline.with_name("returned.otio"))
    page = view(report.timeline.with_name("returned.otio"))
    assert [row["State"] for row in page.slots()] == ["rendered", "rendered"]
    assert "push in" in page.detail("dusk").words


@pytest.mark.slow
def test_embed_puts_the_reel_into_the_page(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline = compile_script(project, until="timeline").timeline
    assert main(["view", str(timeline), "--embed"]) == 2
    assert "--embed: no finished reel beside it; " in capsys.readouterr().err
    assert not timeline.with_suffix(".html").exists()
    compile_script(project)
    page = view(timeline, embed=True)
    (video,) = page.find("video")
    assert video.attributes["src"].startswith("data:video/mp4;base64,")


def test_names_and_prompts_are_escaped(compiled: Path) -> None:
    made = load(compiled)
    made.metadata["otio_gvideo"]["title"] = EVIL
    made.metadata["otio_gvideo"]["generated_by"] = [{"renderer": EVIL, "model": EVIL}]
    for word in made.metadata["otio_gvideo"]["words"]:
        word["text"] = EVIL
    for track in made.tracks:
        track.name = EVIL
        track.metadata["otio_gvideo"] = {"role": EVIL}
    for marker in made.tracks.markers:
        marker.name = marker.comment = EVIL
        marker.color = "red;background:url(//x)"
    for slot in slot_clips(made):
        references = slot.clip.media_references()
        recipe = references["generator"].parameters
        for name in ("renderer", "quality", "prompt", "negative_prompt", "follows"):
            recipe[name] = EVIL
        recipe["motion"]["camera"] = recipe["motion"]["easing"] = EVIL
        evil = otio.schema.ExternalReference(f"javascript:alert(1)//{EVIL}.mp4")
        evil.available_range = references["generator"].available_range
        references[EVIL] = references["DEFAULT_MEDIA"] = evil
        slot.clip.set_media_references(references, "DEFAULT_MEDIA")
        slot.clip.name = EVIL
    for join in made.find_children(descended_from_type=otio.schema.Transition):
        join.metadata["otio_gvideo"] = {"transition": EVIL}
    page = view(save(made, compiled.with_name("evil.otio")))
    assert page.find("h1")[0].text == EVIL
    assert {row["Slot"] for row in page.slots()} == {" ".join(EVIL.split())}
    assert page.data["captions"][0]["t"].startswith("</script>")
    assert not [one for one in page.root.all() if "url(//x)" in one.attributes.get("style", "")]


def test_missing_media_are_reported_once(
    compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = load(compiled)
    for slot in slot_clips(made):
        references = slot.clip.media_references()
        references["DEFAULT_MEDIA"] = otio.schema.ExternalReference("media/gone.mp4")
        slot.clip.set_media_references(references, "DEFAULT_MEDIA")
    for clip in made.audio_tracks()[0].find_clips():
        clip.media_reference = otio.schema.ExternalReference("gone.wav")
    path = save(made, compiled.with_name("lost.otio"))
    assert main(["view", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{path.with_suffix('.html')}\n"
    assert err.startswith("warning: 5 clips lack their media [missing]\n")
    page = view(path)
    assert page.facts["Picture"] == "3 missing"
    assert page.notes.count("gone.wav does not exist") == 1
    assert "missing" in page.detail("dusk").words


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.otio"
    broken.write_text("{")
    endless = otio.schema.Timeline("endless")
    endless.tracks.append(otio.schema.Track(kind="Video"))
    endless.tracks[0].append(otio.schema.Clip("a", otio.schema.ExternalReference("a.mp4")))
    save(endless, tmp_path / "endless.otio")
    for args in (["gone.otio"], [str(broken)], [str(tmp_path)], [str(tmp_path / "endless.otio")],
                 [str(broken), "-o", "page.mp4"]):  # fmt: skip
        assert main(["view", *args]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1, said
    assert not list(tmp_path.glob("*.html"))


def test_an_empty_timeline_has_a_page_with_a_note(tmp_path: Path) -> None:
    page = view(save(otio.schema.Timeline("nothing"), tmp_path / "nothing.otio"))
    assert page.notes == "The timeline is empty."
    assert page.data == {"frames": 0}
    assert not page.find("table")


def test_open_opens_the_browser(
    compiled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    page = tmp_path / "a page.html"
    assert main(["view", str(compiled), "-o", str(page)]) == 0
    assert opened == []
    assert main(["view", str(compiled), "-o", str(page), "--open"]) == 0
    assert opened == [page.as_uri()]


def test_a_page_without_an_html_suffix_is_rejected(compiled: Path) -> None:
    with pytest.raises(InputError, match="is not an HTML file"):
        view_timeline(compiled, compiled.with_suffix(".txt"))
