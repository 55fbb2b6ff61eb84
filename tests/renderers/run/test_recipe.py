"""Media of every version are found under the keys that it gave them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from otio_gvideo.renderers.run.recipe import recipe_key

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


@pytest.mark.parametrize(("recipe", "key"), RECIPES.values(), ids=RECIPES)
def test_keys_stay_as_released(recipe: dict[str, Any], key: str, folder: Path) -> None:
    assert recipe_key(placed(recipe, folder)) == key
