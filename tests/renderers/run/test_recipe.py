"""Media of every earlier version are found under their keys."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from otio_gvideo import schemas
from otio_gvideo.renderers.base import Keyframe
from otio_gvideo.renderers.files.digest import file_digest
from otio_gvideo.renderers.run.job import frames_in_transitions
from otio_gvideo.renderers.run.recipe import Recipe, RecipeError, recipe_key

FILES = {
    "stairs.png": b"stairs",
    "storm.png": b"storm",
    "depth.png": b"depth",
    "sway.safetensors": b"sway",
    "model/config.json": b"{}",
    "model/unet/weights.bin": b"weights",
}
PLAIN: dict[str, Any] = {
    "renderer": "parallax",
    "version": 3,
    "width": 1080,
    "height": 1920,
    "fps": "24/1",
    "frames": 96,
    "head": 6,
    "tail": 6,
    "start": 0,
    "span": 96,
    "keyframes": [{"image": "FOLDER/stairs.png", "frame": 0}],
    "depth": None,
    "fit": "cover",
    "prompt": "",
    "negative_prompt": "",
    "seed": 7,
    "motion": {
        "camera": "push_in",
        "amount": 0.3,
        "easing": "ease_in_out",
        "strength": 0.5,
        "loras": [],
        "focus": [0.5, 0.5],
    },
    "quality": "standard",
    "settings": {},
    "encoding": {"codec": "h264", "preset": "medium", "crf": 18},
    "idr": [0, 6, 12, 84, 90],
    "follows": None,
}
MOTION = PLAIN["motion"]
RECIPES: dict[str, tuple[dict[str, Any], str]] = {
    "plain": (PLAIN, "b0a63f6e6e011723fbbe2b7b9f0b8603013adaba3ed33d5a07804b2379bf6ebb"),
    "without a focus, as early versions wrote it": (
        PLAIN | {"motion": {name: MOTION[name] for name in MOTION if name != "focus"}},
        "5255df5118e40c6dcfd46d4fda727ec231a33050e540affd8a47089db05da4e9",
    ),
    "whole numbers where fractions are usual": (
        PLAIN | {"motion": MOTION | {"amount": 1, "strength": 0, "focus": [0, 1]}},
        "e4be71fd1276da0581dfefdd832775f22a72bcf17ab2ad76984df1bd0b3dabaa",
    ),
    "several stills, depth and LoRAs": (
        PLAIN
        | {
            "keyframes": [
                {"image": "FOLDER/stairs.png", "frame": 0},
                {"image": "FOLDER/storm.png", "frame": 95},
            ],
            "depth": "FOLDER/depth.png",
            "motion": MOTION | {"loras": [{"path": "FOLDER/sway.safetensors", "weight": 0.75}]},
        },
        "1b560a2d7da89ea334f73b6e4fc0cf90bace59b1baa97b07efd3c282bff043f7",
    ),
    "a model's settings, with files, at a broken rate": (
        PLAIN
        | {
            "renderer": "ltx",
            "fps": "30000/1001",
            "prompt": "Ein Sturm, 嵐",
            "negative_prompt": "text",
            "quality": "high",
            "settings": {
                "model": "FOLDER/model",
                "presets": {"high": {"steps": 30, "guidance": 3.5, "tiles": [True, None]}},
                "motion_guard": {"retries": 1},
            },
        },
        "3f1a6b868db0e687cfbdc9a0575251931933a765119cc57c40ad59a1d6ed5663",
    ),
    "a part of a scene that follows another": (
        PLAIN | {"start": 90, "span": 190, "fit": "blur", "follows": "0123456789abcdef" * 4},
        "d2ed4cbf5abff35ff03026df940ec459caa8b2a9e6fedd40191d7021bc748bb1",
    ),
    "fields of a later version": (
        PLAIN
        | {
            "grain": {"amount": 0.2},
            "keyframes": [{"image": "FOLDER/stairs.png", "frame": 0, "hold": 3}],
            "motion": MOTION
            | {
                "sway": 0.25,
                "loras": [{"path": "FOLDER/sway.safetensors", "weight": 1, "scope": "unet"}],
            },
        },
        "f4484941357982290078924764cde9c3f5547c9ef761e1aa95920d8f77e76772",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def placed(recipe: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a recipe with its files in a folder."""
    here = json.dumps(folder.as_posix())[1:-1]
    document: dict[str, Any] = json.loads(json.dumps(recipe).replace("FOLDER", here))
    return document


def key_of(document: dict[str, Any]) -> str:
    return recipe_key(Recipe.from_json(document))


@pytest.fixture
def recipe(folder: Path) -> dict[str, Any]:
    return placed(PLAIN, folder)


@pytest.mark.parametrize(("document", "key"), RECIPES.values(), ids=RECIPES)
def test_keys_stay_as_released(document: dict[str, Any], key: str, folder: Path) -> None:
    assert key_of(placed(document, folder)) == key


@pytest.mark.parametrize("document", [recipe for recipe, _ in RECIPES.values()], ids=RECIPES)
def test_a_recipe_survives_a_round_trip_through_json(
    document: dict[str, Any], folder: Path
) -> None:
    document = placed(document, folder)
    written = Recipe.from_json(document).as_json()
    assert written == document
    assert json.dumps(written, sort_keys=True) == json.dumps(document, sort_keys=True)
    assert Recipe.from_json(written) == Recipe.from_json(document)


def test_written_recipes_match_the_schema(recipe: dict[str, Any]) -> None:
    jsonschema.validate(Recipe.from_json(recipe).as_json(), schemas.load("recipe"))


def test_a_shot_has_types(recipe: dict[str, Any], folder: Path) -> None:
    shot = Recipe.from_json(recipe).shot
    assert shot.fps == Fraction(24)
    assert shot.keyframes == (Keyframe(folder / "stairs.png", 0),)
    assert shot.motion.focus == (0.5, 0.5)


def test_a_change_keeps_fields_of_later_versions(folder: Path) -> None:
    document, _ = RECIPES["fields of a later version"]
    read = Recipe.from_json(placed(document, folder))
    written = replace(read, shot=replace(read.shot, seed=8)).as_json()
    assert written == placed(document, folder) | {"seed": 8}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": "wide"}, "width of the recipe is 'wide', not a whole number"),
        ({"frames": True}, "frames of the recipe is True, not a whole number"),
        ({"fps": "24/0"}, "fps of the recipe is '24/0', not a rate such as 24/1"),
        ({"keyframes": []}, "the recipe has no keyframes"),
        ({"keyframes": [{"image": "a.png"}]}, "the recipe has no frame"),
        ({"motion": {"camera": "static"}}, "the recipe has no motion.amount"),
        ({"motion": MOTION | {"focus": [0.5]}}, "motion.focus of the recipe has 1 numbers, not 2"),
        ({"quality": "best"}, "quality of the recipe is 'best', not one of draft, standard, high"),
        ({"idr": [0, 1.5]}, "idr of the recipe is 1.5, not a whole number"),
    ],
)
def test_a_field_of_another_type_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_json(PLAIN | change)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", PLAIN)
def test_a_missing_field_is_named(name: str) -> None:
    document = {key: value for key, value in PLAIN.items() if key != name}
    with pytest.raises(RecipeError, match=f"the recipe has no {name}"):
        Recipe.from_json(document)


@pytest.mark.parametrize("document", [None, [], "recipe", 3])
def test_other_json_is_rejected(document: object) -> None:
    with pytest.raises(RecipeError):
        Recipe.from_json(document)


def test_moving_a_project_keeps_its_keys(recipe: dict[str, Any], folder: Path) -> None:
    key = key_of(recipe)
    moved = (folder / "stairs.png").rename(folder / "elsewhere.png")
    assert key_of(recipe | {"keyframes": [{"image": str(moved), "frame": 0}]}) == key


@pytest.mark.parametrize(
    ("head", "tail", "idr", "expected"),
    [
        (0, 0, [0], ()),
        (6, 0, [0, 6, 12], (range(12),)),
        (6, 6, [0, 6, 12, 84, 90], (range(12), range(84, 96))),
        (5, 6, [0, 5, 11, 85, 90], (range(11), range(85, 96))),
        # An editor shows 20 frames of the handle.
        (10, 8, [0, 10, 50, 88], (range(10), range(88, 96))),
    ],
)
def test_frames_in_transitions_are_handles_and_as_much_of_the_body(
    head: int, tail: int, idr: list[int], expected: tuple[range, ...]
) -> None:
    recipe = Recipe.from_json(
        PLAIN | {"frames": 96, "span": 96, "head": head, "tail": tail, "idr": idr}
    )
    assert frames_in_transitions(recipe) == expected


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"prompt": "x"}, {"frames": 13}, {"quality": "high"}, {"idr": [0, 3]}]
)
def test_every_field_that_affects_pixels_changes_the_key(
    recipe: dict[str, Any], change: dict[str, Any]
) -> None:
    assert key_of(recipe | change) != key_of(recipe)


def test_repainting_a_still_changes_the_key(recipe: dict[str, Any], folder: Path) -> None:
    key = key_of(recipe)
    (folder / "stairs.png").write_bytes(b"painted")
    assert key_of(recipe) != key


def test_models_are_hashed_by_content_not_path(recipe: dict[str, Any], tmp_path: Path) -> None:
    def key(model: Path, weights: Path) -> str:
        settings = {"model": str(model), "options": [{"weights": str(weights)}], "device": "cpu"}
        return key_of(recipe | {"settings": settings})

    model, weights = tmp_path / "model", tmp_path / "sway.safetensors"
    before = key(model, weights)
    assert key(model.rename(tmp_path / "moved"), weights.rename(tmp_path / "w")) == before
    moved, weights = tmp_path / "moved", tmp_path / "w"
    (moved / "config.json").write_text('{"layers": 2}')
    assert key(moved, weights) != before
    (moved / "config.json").write_text("{}")
    assert key(moved, weights) == before
    weights.write_bytes(b"2")
    assert key(moved, weights) != before


def test_large_weights_count_by_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otio_gvideo.renderers.files.digest.SAMPLED_ABOVE", 1000)
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    content = np.random.default_rng(1).bytes(3 << 20)
    one.write_bytes(content)
    same.write_bytes(content)
    other.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert file_digest(one) == file_digest(same) != file_digest(other)


def test_the_digest_of_a_folder_sorts_by_the_parts_of_paths(tmp_path: Path) -> None:
    """Paths sort as on POSIX on every system, so that keys stay the same."""
    folder = tmp_path / "model"
    names = ["a/b", "a-b", "B", "a", "Z/c"]
    for name in names:
        path = folder / (name if "/" in name else f"{name}.bin")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    found = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    lines = [
        f"{hashlib.sha256(f.read_bytes()).hexdigest()} {f.relative_to(folder).as_posix()}"
        for f in found
    ]
    assert file_digest(folder) == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_hub_names_are_names_even_beside_a_folder_of_that_name(
    recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = recipe | {"settings": {"model": "lab/model"}}
    before = key_of(settings)
    (tmp_path / "lab" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert key_of(settings) == before


def test_a_setting_too_long_for_a_path_is_text(recipe: dict[str, Any]) -> None:
    assert key_of(recipe | {"settings": {"words": f"/{'long words ' * 40}"}})
