"""Recipes are extended to the frames that an edit shows, together for the parts of a scene."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.editors.reimport import ReimportedTimeline, reimport
from otio_gvideo.compiler.timeline.rate import time, time_range
from otio_gvideo.compiler.timeline.slots import slot_of

from .edit import Edit, kept
from .resolve import FPS, SLOTS, clips, compiled, recipe_of


def test_a_slot_that_follows_another_follows_its_new_media(edit: Edit) -> None:
    from otio_gvideo.renderers.run.recipe import recipe_key

    stairs, storm = edit.clip("stairs"), edit.clip("storm")
    references = storm.media_references()
    recipe = slot_of(storm).stated | {"follows": recipe_key(slot_of(stairs).recipe)}  # type: ignore[union-attr]
    references["generator"].parameters.update(recipe)
    storm.set_media_references(references, "DEFAULT_MEDIA")
    edit.cut_only()
    stairs.source_range = time_range(0, 60, FPS)
    edit.timeline.to_json_file(str(edit.folder / "edited.otio"))
    back = reimport(edit.folder / "edited.otio")
    assert back.rebuilt[1].recipe.follows == recipe_key(back.rebuilt[0].recipe)
    assert kept(back) == [False, False, True]


def long_scene(
    folder: Path, first: tuple[int, int], second: tuple[int, int], gap: int
) -> ReimportedTimeline:
    """Reimport an edited scene of two parts, 50 frames each of a span of 100.

    Args:
        folder: for the files.
        first, second: first media frame and length of each part.
        gap: frames between them.
    """
    compiled(folder)
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for part, (begin, frames) in enumerate((first, second)):
        recipe = recipe_of("stairs", folder) | {
            "start": 50 * part, "span": 100, "frames": 50, "head": 0, "tail": 0, "idr": [0],
        }  # fmt: skip
        image = recipe["keyframes"][0]["image"]
        recipe["keyframes"] = [{"image": image, "frame": frame} for frame in (0, 30, 99)]
        media = time_range(0, 50, FPS)
        clip = otio.schema.Clip(f"gale{part}", source_range=time_range(begin, frames, FPS))
        clip.set_media_references(
            {
                "DEFAULT_MEDIA": otio.schema.ExternalReference(image, media),
                "generator": otio.schema.GeneratorReference(
                    f"gale{part}", "otio_gvideo.shot", media, recipe
                ),
            },
            "DEFAULT_MEDIA",
        )
        if part and gap:
            track.append(otio.schema.Gap(source_range=time_range(0, gap, FPS)))
        track.append(clip)
    timeline = otio.schema.Timeline("long")
    timeline.tracks.append(track)
    timeline.to_json_file(str(folder / "long.otio"))
    return reimport(folder / "long.otio")


def test_a_moved_cut_within_a_scene_changes_no_timing(tmp_path: Path) -> None:
    back = long_scene(tmp_path / "x", (0, 56), (6, 44), 0)
    assert kept(back) == [False, True]
    shot = back.rebuilt[0].recipe.shot
    assert (shot.start, shot.frames, shot.span) == (0, 56, 100)
    assert [k.frame for k in shot.keyframes] == [0, 30, 99]


def test_parts_that_continue_each_other_are_timed_anew_together(tmp_path: Path) -> None:
    back = long_scene(tmp_path / "x", (-5, 55), (0, 60), 0)
    assert kept(back) == [False, False]
    first, second = (one.recipe for one in back.rebuilt)
    assert first.shot.span == second.shot.span == 115
    assert (first.shot.start, first.shot.frames) == (0, 55)
    assert (second.shot.start, second.shot.frames) == (55, 60)
    # Keyframes at the ends stay there; others keep their time.
    assert [k.frame for k in first.shot.keyframes] == [0, 35, 114]
    assert first.shot.keyframes == second.shot.keyframes


def test_separated_parts_are_extended_separately(tmp_path: Path) -> None:
    back = long_scene(tmp_path / "x", (0, 50), (0, 60), 12)
    assert kept(back) == [True, False]
    assert back.rebuilt[1].recipe.shot.span == 110


offsets = st.integers(0, 8)


@given(
    order=st.permutations(list(SLOTS)),
    starts=st.lists(st.integers(-12, 30), min_size=3, max_size=3),
    lengths=st.lists(st.integers(17, 60), min_size=3, max_size=3),
    around=st.lists(st.tuples(offsets, offsets), min_size=2, max_size=2),
)
def test_media_hold_all_frames_that_an_edit_shows(
    tmp_path_factory: pytest.TempPathFactory,
    order: list[str],
    starts: list[int],
    lengths: list[int],
    around: list[tuple[int, int]],
) -> None:
    edit = Edit(tmp_path_factory.mktemp("any") / "reel")
    edit.cut_only()
    named = {clip.name: clip for clip in edit.track.find_clips()}
    edit.track[:] = []
    position = 0
    wanted = []
    for index, name in enumerate(order):
        clip = named[name]
        clip.source_range = time_range(starts[index], lengths[index], FPS)
        if index and sum(around[index - 1]):
            before, after = around[index - 1]
            edit.track.append(
                otio.schema.Transition(
                    "Cross Dissolve", "SMPTE_Dissolve", time(before, FPS), time(after, FPS)
                )
            )
        edit.track.append(clip)
        wanted.append((name, position, lengths[index]))
        position += lengths[index]
    back = edit.back()
    assert [clip[:3] for clip in clips(back)] == wanted
    for index, (one, (_, _, frames, begin, media)) in enumerate(
        zip(back.rebuilt, clips(back), strict=True)
    ):
        head = around[index - 1][0] if index else 0
        tail = around[index][1] if index < 2 else 0
        # Every visible frame is in the media, and is the same frame of the picture as before.
        assert begin - head >= 0
        assert begin + frames + tail <= media == one.recipe.shot.frames
        assert one.recipe.shot.start + media <= one.recipe.shot.span
        moved = one.recipe.shot.span - one.use.slot.recipe.shot.span
        assert moved >= 0
        needed = starts[index] - head >= 0 and (
            starts[index] + frames + tail <= one.use.slot.recipe.shot.frames
        )
        assert one.is_unchanged == needed
        assert all(0 <= place < media for place in one.recipe.idr)
