"""Memory that runs out at any allocation gives a video or one line, and nothing stays behind."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import torch
from otio_gvideo.renderers.base import RendererError, Shot
from otio_gvideo.renderers.diffusion import diffusion_renderer, rung_cache
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.registry import renderer_class
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from .conftest import lasting
from .test_families import settings_for

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
FRAMES = 9
SPREAD = 2
"""Allocations that fail, spread over a run, in a test of each family and rung."""


@pytest.fixture
def on_card(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shot: Shot
) -> Callable[..., tuple[Any, str | int]]:
    """Return a function that renders a tiny model on a simulated card."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    published = importlib.import_module("published_models")
    simulation = importlib.import_module("simulation")
    monkeypatch.setattr(diffusion_renderer, "pick_device", lambda *_: "cuda")
    monkeypatch.setattr(rung_cache, "remember_rung", lambda *_: None)
    monkeypatch.setattr(rung_cache, "read_entries", lambda _: {})

    def run(name: str, rung: str, fail_at: range = range(0)) -> tuple[Any, str | int]:
        folder, described = tmp_path / name, published.description(name)
        if not folder.exists():
            published.write_folder(described, folder, tiny=True)
            gc.collect()
            gc.freeze()  # The libraries' objects.
        beside = {key: str(folder / path) for key, path in described["settings"].items()}
        steps: dict[str, Any] = {"steps": 2}
        if name == "ltx":
            steps["timesteps"] = [1000.0, 725.0]
        settings = {
            **{"model": str(folder), "device": "cuda", "offload": rung, **beside},
            "presets": {"draft": steps},
        }
        with ExitStack() as stack:
            stack.enter_context(published.without_weights())
            card = stack.enter_context(simulation.Card(fail_at=fail_at))
            outcome: str | int
            try:
                with closing(renderer_class(name)(settings, "draft")) as renderer:
                    frames = run_renderer.frames(renderer, lasting(shot, FRAMES), lambda *_: None)
                    outcome = sum(1 for _ in frames)
            except RendererError as error:
                outcome = str(error)
            gc.collect()
            return card, outcome

    return run


@pytest.mark.slow
@pytest.mark.parametrize("rung", ("none", "model", "group"))
@pytest.mark.parametrize("name", ("ltx", "wan", "svd"))
def test_an_allocation_that_fails_steps_down_and_gives_the_video(
    name: str, rung: str, on_card: Callable[..., tuple[Any, str | int]]
) -> None:
    card, outcome = on_card(name, rung)
    assert (outcome, card.live) == (FRAMES, 0)
    count = card.allocations
    for number in range(0, count, max(1, count // SPREAD)):
        card, outcome = on_card(name, rung, range(number, number + 1))
        assert card.live == 0, f"allocation {number} of {count}"
        if outcome != FRAMES:
            # Below the last rung there is no other, and a still is encoded without a retry.
            assert rung == "group", f"allocation {number} of {count}: {outcome}"
            assert "\n" not in str(outcome)
            assert str(outcome).startswith(f"{name}: out of memory")


@pytest.mark.slow
def test_a_card_without_memory_is_one_line(
    on_card: Callable[..., tuple[Any, str | int]],
) -> None:
    card, outcome = on_card("ltx", "none")
    for number in range(0, card.allocations, max(1, card.allocations // SPREAD)):
        card, outcome = on_card("ltx", "none", range(number, 1 << 60))
        assert card.live == 0
        assert str(outcome).startswith("ltx: out of memory"), f"from allocation {number} on"
        assert "\n" not in str(outcome)


class _Failing(TorchDispatchMode):
    """Raise PyTorch's error for a lack of memory at one of the tensors that are made."""

    def __init__(self, fail_at: int | None = None):
        super().__init__()
        self._fail_at = fail_at
        self.made = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        given = {x.untyped_storage()._cdata for x in tree_iter(args) if isinstance(x, torch.Tensor)}
        for tensor in tree_iter(out):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage()._cdata not in given:
                self.made += 1
                if self.made - 1 == self._fail_at:
                    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return out


@pytest.mark.slow
@pytest.mark.parametrize("name", ("ltx", "svd"))
def test_real_tensors_that_cannot_be_made_give_one_line_and_leave_none_behind(
    name: str, models: Callable[[str], Path], shot: Shot
) -> None:
    settings = settings_for(name, models)

    def run(mode: _Failing) -> str | int:
        try:
            with mode, closing(renderer_class(name)(settings, "draft")) as renderer:
                frames: Iterator[Any] = run_renderer.frames(
                    renderer, lasting(shot, FRAMES), lambda *_: None
                )
                return sum(1 for _ in frames)
        except RendererError as error:
            return str(error)

    whole = _Failing()
    assert run(whole) == FRAMES
    before = _tensors()
    for number in range(0, whole.made, max(1, whole.made // SPREAD)):
        outcome = run(_Failing(number))
        if outcome != FRAMES:
            # At loading, diffusers turns the error into one about the file.
            said = str(outcome)
            assert said.startswith(f"{name}: out of memory") or "cannot be loaded" in said, number
            assert "\n" not in said
        assert _tensors() <= before, f"tensor {number} of {whole.made}"


def _tensors() -> int:
    gc.collect()
    return sum(1 for each in gc.get_objects() if isinstance(each, torch.Tensor))
