"""The levels of clips, as our metadata and DaVinci Resolve's exports state them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.effects import unsupported_effects
from otio_gvideo.compiler.timeline.level_curves import ClipLevels, interpolate, on_frames
from otio_gvideo.compiler.timeline.levels import clip_levels, state_levels
from otio_gvideo.compiler.timeline.rate import time_range

FPS = Fraction(24)


def clip(**stated: Any) -> otio.schema.Clip:
    made = otio.schema.Clip("bed", source_range=time_range(0, 96, FPS))
    if stated:
        made.metadata["otio_gvideo"] = stated
    return made


def resolve_effect(*parameters: dict[str, Any], enabled: bool = True) -> otio.schema.Effect:
    stated = {
        "Effect Name": "Fairlight Clip Volume and Fades", "Enabled": enabled, "Name": "Volume",
        "Parameters": list(parameters), "Type": 62,
    }  # fmt: skip
    return otio.schema.Effect("", "Resolve Effect", {"Resolve_OTIO": stated})


def volume(value: float, keyframes: dict[str, float]) -> dict[str, Any]:
    return {
        "Parameter ID": "volume", "Parameter Value": value, "Default Parameter Value": 0.0,
        "Variant Type": "Double", "minValue": -100.0, "maxValue": 30.0,
        "Key Frames": {
            frame: {"Value": level, "Variant Type": "Double"} for frame, level in keyframes.items()
        },
    }  # fmt: skip


def test_keyframes_are_added_to_the_gain_of_a_clip() -> None:
    found = clip_levels(clip(gain_db=-3, levels=[[2, -12], [1, 0]], fade_in=0.5, fade="linear"))
    assert found == ClipLevels(
        ((Fraction(1), -3.0), (Fraction(2), -15.0)), Fraction(1, 2), is_linear=True
    )
    assert interpolate(found.points, Fraction(3, 2)) == -9
    assert interpolate(found.points, Fraction(9)) == -15


@pytest.mark.parametrize(
    "levels",
    [
        ClipLevels(),
        ClipLevels(((Fraction(0), -5.0),)),
        ClipLevels(((Fraction(0), -5.0), (Fraction(1), 0.0)), Fraction(1), Fraction(2), True),
    ],
)
def test_stated_levels_are_read_back(levels: ClipLevels) -> None:
    made = clip(scene="storm", gain_db=4)
    state_levels(made, levels)
    assert clip_levels(made) == levels
    assert made.metadata["otio_gvideo"]["scene"] == "storm"


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ({"levels": 3}, "bed: levels is not a list of pairs of seconds and dB"),
        ({"levels": [[1, "loud"]]}, "bed: levels 'loud' is not a number"),
        ({"levels": [[1, 900]]}, "bed: levels 900 is more than 300"),
        ({"gain_db": "x"}, "bed: gain_db 'x' is not a number"),
    ],
)
def test_invalid_levels_are_rejected(stated: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError) as error:
        clip_levels(clip(**stated))
    assert str(error.value) == what


def test_resolves_volume_is_in_decibels_and_frames_from_the_clips_start() -> None:
    made = clip()
    made.source_range = time_range(200, 96, FPS)
    fade = {"Parameter ID": "faderOut", "Parameter Value": 12.0}
    made.effects.append(resolve_effect(volume(-4.0, {"48": -15.0, "24": 0.0}), fade))
    assert clip_levels(made) == ClipLevels(
        ((Fraction(1), 0.0), (Fraction(2), -15.0)), Fraction(0), Fraction(1, 2), True
    )
    assert unsupported_effects(made) == ()
    made.effects[:] = [resolve_effect(volume(-27.5, {}))]
    assert clip_levels(made).points == ((Fraction(0), -27.5),)
    for plain in (resolve_effect(), resolve_effect(volume(-4.0, {}), enabled=False)):
        made.effects[:] = [plain]
        assert clip_levels(made).points == ()


def test_levels_within_a_tenth_of_a_decibel_are_the_same() -> None:
    one = ClipLevels(((Fraction(0), 0.0), (Fraction(1), -8.0)), fade_in=Fraction(1), is_linear=True)
    as_points = ClipLevels(one.without_fades(Fraction(4)))
    assert as_points.sounds_like(one, 96, FPS)
    louder = ClipLevels(((Fraction(0), 0.2), (Fraction(1), -8.0)), Fraction(1), is_linear=True)
    assert not louder.sounds_like(one, 96, FPS)


def test_keyframes_between_frames_become_two_on_frames() -> None:
    points = ((Fraction(0), 0.0), (Fraction(1, 10), -8.0), (Fraction(1), -8.0))
    frames = on_frames(points, FPS)
    assert [frame for frame, _ in frames] == [0, 2, 3, 24]
    assert frames[1][1] == pytest.approx(-8 * 2 / 2.4)
    stepped = on_frames(points, FPS, step_db=3)
    assert [frame for frame, _ in stepped] == [0, 1, 2, 3, 24]
