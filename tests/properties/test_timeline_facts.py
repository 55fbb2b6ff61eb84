"""All commands agree on the rate, length and size of a timeline, and flattened reels pass `check`.

For random timelines, and for the files in the folder ``OTIO_GVIDEO_CORPUS``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from otio_gvideo.compiler import OutputOptions, flatten_timeline
from otio_gvideo.compiler.api.check import check_video
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.backend.spans.read_spans import read_spans
from otio_gvideo.compiler.editors.read_timeline import read_timeline, report_of_timeline
from otio_gvideo.compiler.editors.reimport import reimport
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.inspection.expected_reel import expected_reel
from otio_gvideo.compiler.page.build_view import build_view
from otio_gvideo.compiler.script.config import BUILT_IN
from otio_gvideo.compiler.timeline.layout import lay_out_timeline
from otio_gvideo.compiler.timeline.properties import rate_and_frames, size_of

from .timelines import make_media, timelines

CORPUS = Path(os.environ.get("OTIO_GVIDEO_CORPUS", "no corpus"))
FILES = sorted(CORPUS.glob("*.*")) if CORPUS.is_dir() else []
IS_CI = "HYPOTHESIS_PROFILE" in os.environ
SUFFIXES = {"prores": ".mov", "gif": ".gif", "webp": ".webp"}

Facts: TypeAlias = tuple[Fraction, int, tuple[int, int]]
"""Rate, frames, size."""


def facts_of(timeline: otio.schema.Timeline, root: Path) -> Facts:
    return (*rate_and_frames(timeline), size_of(timeline, root))


def asked_by_commands(path: Path) -> dict[str, Callable[[], Facts]]:
    """Return how each command computes the facts of a timeline."""
    loaded, root = read_timeline(path), path.parent

    def flatten() -> Facts:
        fps = rate_and_frames(loaded)[0]
        spans = read_spans(loaded, root, fps, transitions=()).spans
        assert all(one.end == other.start for one, other in pairwise(spans))
        return fps, spans[-1].end if spans else 0, size_of(loaded, root)

    def check() -> Facts:
        report = report_of_timeline(loaded, path, root)
        expected = expected_reel(loaded, root, report.fps)
        assert all(0 < frame < expected.frames for frame, _ in expected.cuts)
        return expected.fps, expected.frames, (report.width, report.height)

    def view() -> Facts:
        page = build_view(loaded, path)
        for row in page.rows:
            assert all(0 <= one.start < one.end <= page.frames for one in row.blocks)
        return page.fps, page.frames, (page.width, page.height)

    def diff() -> Facts:
        back = reimport(path)
        fps, frames, size = facts_of(back.timeline, root)
        assert back.fps == fps
        return fps, frames, size

    def export() -> Facts:
        exported = export_timeline(path, root / "exported.otio").path
        return facts_of(read_timeline(exported), root)

    return {"flatten": flatten, "check": check, "view": view, "diff": diff, "export": export}


def agreed(path: Path) -> Facts:
    """Return the facts of a timeline if all commands agree."""
    answers = {command: ask() for command, ask in asked_by_commands(path).items()}
    assert len(set(answers.values())) == 1, answers
    return answers["flatten"]


def profile_of(path: Path) -> Facts:
    """Return the facts in an MLT file."""
    root = ElementTree.parse(path).getroot()
    profile = root.find("profile")
    assert profile is not None
    rate = Fraction(int(profile.get("frame_rate_num", 0)), int(profile.get("frame_rate_den", 1)))
    main = root.find("tractor[@id='main']")
    assert main is not None
    frames = int(main.get("out", 0)) + 1
    return rate, frames, (int(profile.get("width", 0)), int(profile.get("height", 0)))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    make_media(folder)
    return folder


def saved(timeline: otio.schema.Timeline, media: Path, folder: str) -> Path:
    """Save a timeline beside links to its media."""
    for file in media.iterdir():
        os.link(file, Path(folder) / file.name)
    path = Path(folder) / "random.otio"
    otio.adapters.write_to_file(timeline, str(path))
    return path


@settings(max_examples=30 if IS_CI else 6)
@given(timelines())
def test_commands_agree_on_random_timelines(media: Path, timeline: otio.schema.Timeline) -> None:
    with TemporaryDirectory() as folder:
        path = saved(timeline, media, folder)
        fps, frames, size = agreed(path)
        for layout in lay_out_timeline(timeline, fps):
            assert all(0 <= one.start < one.end <= frames for one in layout.items)
        assume(frames)
        for suffix in (".fcpxml", ".mlt"):
            exported = export_timeline(path, path.with_suffix(suffix)).path
            if suffix == ".mlt":
                assert profile_of(exported)[::2] == (fps, size)
            else:
                assert facts_of(read_timeline(exported), media)[::2] == (fps, size)


@pytest.mark.slow
@settings(max_examples=16 if IS_CI else 3, phases=[Phase.explicit, Phase.generate])
@given(timelines(), st.sampled_from(list(BUILT_IN)))
def test_a_flattened_timeline_passes_its_check(
    media: Path, timeline: otio.schema.Timeline, preset: str
) -> None:
    with TemporaryDirectory() as folder:
        path = saved(timeline, media, folder)
        assume(rate_and_frames(read_timeline(path))[1])
        video = path.with_suffix(SUFFIXES.get(preset, ".mp4"))
        report = flatten_timeline(path, video, output_options=OutputOptions(preset=preset))
        check = check_video(video, path)
        assert check.ok, [str(one) for one in check.findings if not one.ok]
        assert (report.fps, report.frames, (report.width, report.height)) == agreed(path)


@pytest.mark.skipif(not FILES, reason="OTIO_GVIDEO_CORPUS names no folder of timelines")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_commands_agree_on_timelines_of_other_programs(file: Path, tmp_path: Path) -> None:
    path = tmp_path / file.name
    shutil.copyfile(file, path)
    try:
        read_timeline(path)
    except InputError:
        return  # Not a timeline, or one that its reader rejects.
    agreed(path)
