"""Interpolated frames: how many, which, how accurate, and none across a cut."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from otio_gvideo.renderers.base import Frame, RendererError, UnavailableError
from otio_gvideo.renderers.fit.interpolate import (
    FlowInterpolator,
    RifeInterpolator,
    interpolator_for,
    retime,
)

RATES = st.builds(Fraction, st.integers(1, 60), st.sampled_from([1, 2, 1001]))


class Told:
    """An interpolator that encodes the requested times as grey levels."""

    def between(self, first: Frame, second: Frame, times: list[float]) -> list[Frame]:
        low, high = int(first[0, 0, 0]), int(second[0, 0, 0])
        assert high == low + 1
        assert times
        assert all(0 < time < 1 for time in times)
        return [np.full((1, 1, 1), low + time) for time in times]  # type: ignore[misc]


def numbered(count: int, taken: list[int] | None = None) -> Iterator[Frame]:
    for number in range(count):
        if taken is not None:
            taken.append(number)
        yield np.full((1, 1, 1), number)  # type: ignore[misc]


@given(RATES, RATES, st.integers(1, 80))
def test_frame_n_shows_the_time_n_over_fps(native: Fraction, fps: Fraction, count: int) -> None:
    needed = int(-(-(count - 1) * native // fps)) + 1
    made = [float(f[0, 0, 0]) for f in retime(numbered(needed), native, fps, count, Told())]
    assert made == pytest.approx([float(n * native / fps) for n in range(count)])


@given(RATES, RATES, st.integers(2, 40))
def test_frames_are_read_lazily(native: Fraction, fps: Fraction, count: int) -> None:
    taken: list[int] = []
    for number, _ in enumerate(retime(numbered(10_000, taken), native, fps, count, Told())):
        assert len(taken) <= number * native / fps + 2


@given(st.integers(0, 6), st.integers(1, 40))
def test_retiming_ends_with_its_source(there: int, count: int) -> None:
    made = list(retime(numbered(there), Fraction(8), Fraction(24), count, Told()))
    assert len(made) == min(count, max(0, 3 * (there - 1) + 1))


def texture(height: int, width: int, seed: int = 3) -> Frame:
    """A texture with a photograph's mix of coarse and fine detail."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for grain in (64, 32, 16, 8):
        small = random.normal(0, 1, (height // grain + 2, width // grain + 2, 3))
        total += grain * cv2.resize(
            small.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
    return np.asarray((128 + 45 * total / total.std()).clip(0, 255), np.uint8)


def seen(picture: Frame, x: float, y: float, size: tuple[int, int]) -> Frame:
    shift = np.array([[1, 0, -x], [0, 1, -y]], np.float64)
    return np.asarray(cv2.warpAffine(picture, shift, size, flags=cv2.INTER_CUBIC))


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((one.astype(float) - other) ** 2))))


@given(
    st.floats(-9, 9), st.floats(-9, 9), st.sampled_from([0.25, 1 / 3, 0.5, 0.75]), st.integers(0, 3)
)
def test_motion_is_interpolated_to_the_right_position(
    x: float, y: float, time: float, seed: int
) -> None:
    picture = texture(220, 260, seed)
    first, second, truth = (
        seen(picture, 30 + x * at, 30 + y * at, (200, 160)) for at in (0.0, 1.0, time)
    )
    (made,) = FlowInterpolator().between(first, second, [time])
    inner = np.s_[12:-12, 12:-12]
    assert psnr(made[inner], truth[inner]) > 33
    assert made.dtype == np.uint8
    assert made.shape == first.shape


@given(st.sampled_from([(8, 8), (16, 40), (33, 57), (240, 426), (500, 281)]), st.integers(0, 9))
def test_equal_frames_interpolate_to_themselves(size: tuple[int, int], seed: int) -> None:
    frame = texture(size[0] + 8, size[1] + 8, seed)[: size[0], : size[1]].copy()
    for made in FlowInterpolator().between(frame, frame.copy(), [0.2, 0.5]):
        assert int(np.abs(made.astype(int) - frame).max()) <= 1


def test_occluded_pixels_come_from_the_other_frame() -> None:
    behind, front = texture(200, 300, 1), texture(80, 80, 2)

    def scene(at: float) -> Frame:
        frame = behind[:, :260].copy()
        left = round(70 + 24 * at)
        frame[60:140, left : left + 80] = front
        return frame

    blend = np.asarray(cv2.addWeighted(scene(0), 0.5, scene(1), 0.5, 0))
    (made,) = FlowInterpolator().between(scene(0), scene(1), [0.5])
    assert psnr(made, scene(0.5)) > psnr(blend, scene(0.5)) + 6
    # Disoccluded half-way, beside the square: visible in the second frame alone.
    uncovered = np.s_[70:130, 72:80]
    assert (
        psnr(made[uncovered], scene(0.5)[uncovered])
        > psnr(blend[uncovered], scene(0.5)[uncovered]) + 3
    )


@given(st.floats(0.01, 0.99), st.integers(0, 500))
def test_nothing_is_blended_across_a_cut(time: float, seed: int) -> None:
    first, second = texture(160, 120, 2 * seed), texture(160, 120, 2 * seed + 1)
    (made,) = FlowInterpolator().between(first, second, [time])
    assert np.array_equal(made, first if time < 0.5 else second)


def test_a_fast_pan_is_not_a_cut() -> None:
    picture = texture(240, 420)
    first, second = (seen(picture, x, 20, (200, 160)) for x in (20, 50))
    (made,) = FlowInterpolator().between(first, second, [0.5])
    assert psnr(made[20:-20, 60:-60], seen(picture, 35, 20, (200, 160))[20:-20, 60:-60]) > 28


def network(path: Path, inputs: tuple[str, ...], *, half: bool = False) -> Path:
    """A graph with the signature of RIFE that blends linearly by ``timestep``."""
    import onnx
    from onnx import TensorProto, helper

    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    first, second, time = inputs
    shape = [1, 3, "H", "W"]
    nodes = [
        helper.make_node("Sub", [second, first], ["difference"]),
        helper.make_node("Mul", ["difference", time], ["part"]),
        helper.make_node("Add", [first, "part"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "blend",
        [
            helper.make_tensor_value_info(first, kind, shape),
            helper.make_tensor_value_info(second, kind, shape),
            helper.make_tensor_value_info(time, kind, [1]),
        ],
        [helper.make_tensor_value_info("output", kind, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


RIFE = ("img0", "img1", "timestep")


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("size", [(64, 96), (50, 70)])
def test_rife_makes_frames_of_the_right_size_and_time(
    tmp_path: Path, size: tuple[int, int], half: bool
) -> None:
    made_by = interpolator_for(network(tmp_path / "rife.onnx", RIFE, half=half))
    assert isinstance(made_by, RifeInterpolator)
    first = texture(104, 104)[: size[0], : size[1]].copy()
    second = np.asarray(cv2.add(first, (10, 20, 30, 0)), np.uint8)
    for time, made in zip((0.25, 0.5), made_by.between(first, second, [0.25, 0.5]), strict=True):
        assert made.shape == first.shape
        wanted = first + (second.astype(float) - first) * time
        assert float(np.abs(made - wanted).max()) <= 1


def test_rife_blends_nothing_across_a_cut(tmp_path: Path) -> None:
    made_by = RifeInterpolator(network(tmp_path / "rife.onnx", RIFE))
    first, second = texture(160, 120, 4), texture(160, 120, 5)
    early, late = made_by.between(first, second, [0.3, 0.7])
    assert np.array_equal(early, first)
    assert np.array_equal(late, second)


def test_a_file_that_is_not_a_rife_network_is_rejected_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="ONNX file not found"):
        RifeInterpolator(tmp_path / "none.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    with pytest.raises(RendererError, match="cannot load it"):
        RifeInterpolator(tmp_path / "broken.onnx")
    other = network(tmp_path / "other.onnx", ("a", "b", "t"))
    with pytest.raises(RendererError, match=r"its inputs are \['a', 'b', 't'\]"):
        RifeInterpolator(other)


def test_without_a_network_optical_flow_interpolates() -> None:
    assert isinstance(interpolator_for(None), FlowInterpolator)
