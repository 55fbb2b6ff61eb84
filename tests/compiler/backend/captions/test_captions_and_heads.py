"""Captions keep off the heads of the people in a scene."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
import skimage.data
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.backend.captions.ass import Typesetter
from otio_gvideo.compiler.backend.captions.burn import to_ass
from otio_gvideo.compiler.backend.captions.cues import Cue
from otio_gvideo.compiler.backend.captions.style import Area, CaptionStyle
from otio_gvideo.compiler.backend.captions.words import SpokenWord
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.stages.heads import heads_of
from otio_gvideo.compiler.timeline.properties import rate_of
from otio_gvideo.renderers.base import Keyframe, Shot
from PIL import Image


def rows(timeline: otio.schema.Timeline) -> dict[str, set[int]]:
    """Return the rows of captions in a picture of 1920 rows, by their first word."""
    found: dict[str, set[int]] = {}
    for line in to_ass(timeline, (1080, 1920), rate_of(timeline)).splitlines():
        if line.startswith("Dialogue"):
            at = re.search(r"\\pos\(\d+,([\d.]+)\)", line)
            assert at is not None
            text = re.sub(r"{[^}]*}", "", line.rpartition(",,")[2])
            found.setdefault(text.split()[0], set()).add(int(float(at[1])))
    return found


def test_captions_move_off_a_face_at_the_bottom(project: Path) -> None:
    face = Image.fromarray(skimage.data.astronaut()[:300, 80:380]).resize((540, 540))
    portrait = Image.fromarray(np.full((960, 540, 3), 90, np.uint8))
    portrait.paste(face, (0, 420))
    portrait.save(project.parent / "stills" / "red.png")
    timeline = otio.adapters.read_from_file(str(compile_script(project, until="timeline").timeline))
    scenes = {str(s["scene"]): dict(s) for s in timeline.metadata["otio_gvideo"]["scenes"]}
    top, bottom = scenes["dusk"]["heads"]
    assert 0.4 < top < bottom < 0.95
    assert "heads" not in scenes["stairs"]
    placed = rows(timeline)
    assert max(placed["At"]) < 1920 * top
    assert min(placed["Every"]) > 1920 / 2


def test_heads_are_those_of_every_still_of_a_scene(tmp_path: Path) -> None:
    plain, portrait = tmp_path / "plain.png", tmp_path / "portrait.png"
    Image.new("RGB", (300, 300), (90, 90, 90)).save(plain)
    Image.fromarray(skimage.data.astronaut()[:300, 80:380]).save(portrait)
    shots = [
        Shot(300, 300, Fraction(24), 24, 0, 0, 0, 24, (Keyframe(still, 0),))
        for still in (plain, portrait)
    ]
    assert heads_of(shots[:1]) is None
    assert heads_of(shots) == heads_of(shots[1:]) is not None


@pytest.mark.parametrize(
    ("position", "heads", "expected"),
    [
        ("bottom", None, 700),
        ("bottom", (0.1, 0.5), 700),
        ("bottom", (0.5, 0.9), 300),
        ("bottom", (0.05, 0.79), 700),  # There is no better place.
        ("bottom", (0.0, 1.0), 700),  # There is no better place.
        ("middle", (0.4, 0.6), 500),  # As stated.
    ],
)
def test_captions_at_the_bottom_go_where_they_hide_least(
    position: str, heads: tuple[float, float] | None, expected: float
) -> None:
    area = Area(500, 1000, left=50, right=50, top=250, bottom=250)
    place = position if heads is None else area.off_heads(position, 100, heads)
    assert area.middle(place, 100) == expected


def test_captions_of_a_scene_stay_in_one_place() -> None:
    """Of these heads, one line at the bottom hides none, and two lines do."""
    setter = Typesetter(CaptionStyle(), (1080, 1920), Fraction(24), heads={"a": (0.3, 0.71)})
    words = [SpokenWord(text, n, n + 1, "a") for n, text in enumerate(("one", "two", "three"))]
    cues = [Cue(0, 1, ((words[0],),)), Cue(1, 3, ((words[1],), (words[2],)))]
    events = setter.script(cues).events
    assert len(events) == 3
    assert all(event.middle[1] < 960 for event in events)


def test_heads_that_are_no_rows_are_refused(project: Path, tmp_path: Path) -> None:
    report = compile_script(project, until="timeline")
    timeline = otio.adapters.read_from_file(str(report.timeline))
    timeline.metadata["otio_gvideo"]["scenes"][0]["heads"] = [3, "x"]
    otio.adapters.write_to_file(timeline, str(tmp_path / "a.otio"))
    with pytest.raises(InputError, match=r"the heads of scenes\[0\] are not two numbers"):
        read_timeline(tmp_path / "a.otio")


@pytest.mark.parametrize("position", ["top", "bottom"])
def test_a_box_stays_in_the_safe_area(position: str) -> None:
    style = CaptionStyle(box_colour=(0, 0, 0, 255), position=position)
    setter = Typesetter(style, (1080, 1920), Fraction(24))
    word = SpokenWord("box", 0, 1, "a")
    (event,) = setter.script([Cue(0, 1, ((word,),))]).events
    area, line = setter.area, 72 / setter.face.em
    padding = 0.3 * 72 + style.outline
    assert event.middle[1] - line / 2 - padding >= area.top - 0.01
    assert event.middle[1] + line / 2 + padding <= 1920 - area.bottom + 0.01
    assert setter.limits().width == area.room - 2 * padding
