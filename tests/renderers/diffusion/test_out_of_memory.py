"""Memory that runs out at any allocation gives a video or one line, and nothing stays behind."""

from __future__ import annotations

import gc
import importlib
import os
import re
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Container, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest
import torch
from otio_gvideo.renderers.base import RendererError, Shot
from otio_gvideo.renderers.diffusion import diffusion_renderer, rung_cache
from otio_gvideo.renderers.diffusion.memory import LADDER
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.registry import renderer_class
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from .conftest import lasting
from .test_families import settings_for

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
FRAMES = 9
SPREAD = 3
"""Tensors that cannot be made, spread over a run."""
EVERY = os.environ.get("OTIO_GVIDEO_EVERY_ALLOCATION") == "1"
"""Whether allocations of all call sites fail, in minutes: else one for each line of this project's,
or of a hook that moves weights, that they come from."""
ONCE = 32
"""Of so many call sites, memory comes back after one."""


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

    def run(name: str, rung: str, fail_at: Container[int] = ()) -> tuple[Any, str | int]:
        folder, described = tmp_path / name, published.description(name)
        if not folder.exists():
            published.write_folder(described, folder, tiny=True)
        beside = {key: str(folder / path) for key, path in described["settings"].items()}
        steps: dict[str, Any] = {"steps": 2}
        if name.startswith("ltx"):
            steps["timesteps"] = [1000.0, 725.0]
        settings = {
            **{"model": str(folder), "device": "cuda", "offload": rung, **beside},
            "presets": {"draft": steps},
        }
        gc.collect()
        gc.freeze()  # The libraries' objects, which make collections slow.
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


class _CallSites:
    """Allocations that fail: the first of each call site, in a process of its own.

    A run forks at them and goes on. In the fork, memory has run out: for this allocation and all
    later ones, or, for one site of `ONCE`, for this one alone. The errors of different layers and
    steps differ in nothing but the stack, so that one of each call site stands for all.

    Attributes:
        count: of the sites.
        faults: of the forks.
    """

    def __init__(self) -> None:
        self.count = 0
        self.faults: list[str] = []
        self._seen: set[Any] = set()
        self._report: int | None = None
        self._is_once = False

    def __contains__(self, number: int) -> bool:
        if self._report is not None:
            return not self._is_once
        site = self._site()
        if site in self._seen:
            return False
        self._seen.add(site)
        self._is_once = self.count % ONCE == ONCE // 8
        self.count += 1
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # pytest-xdist has threads.
            child = os.fork()
        if child == 0:
            signal.alarm(120)  # A fork that hangs.
            self._report = writing
            return True
        os.close(writing)
        with os.fdopen(reading) as report:
            said = report.read()
        _, status = os.waitpid(child, 0)
        if said or status:
            self.faults.append(f"allocation {number}: {said or 'hung or died'}")
        return False

    def check(self, run: Callable[[], tuple[Any, str | int]], name: str, rung: str) -> None:
        """Run, here and in the forks: what is left is on no card, and said in one line."""
        try:
            card, outcome = run()
        except BaseException:
            if self._report is None:
                raise
            self._exit(traceback.format_exc())
        if self._report is None:
            assert (outcome, card.live) == (FRAMES, 0)
            return
        # Below the last rung there is no other.
        is_video = outcome == FRAMES and self._is_once
        is_line = str(outcome).startswith(f"{name}: out of memory") and "\n" not in str(outcome)
        is_line &= not self._is_once or rung == "group"
        self._exit("" if (is_video or is_line) and card.live == 0 else f"{outcome}, {card.live} B")

    def _exit(self, said: str) -> NoReturn:
        assert self._report is not None
        os.write(self._report, said.encode()[-4000:])
        os._exit(0)

    @staticmethod
    def _site() -> Any:
        frame: FrameType | None = sys._getframe(2)
        site = []
        while frame is not None:
            file = frame.f_code.co_filename
            is_ours = OURS.search(file) is not None
            if (is_ours or EVERY) and "/torch/" not in file:
                site.append((file, frame.f_lineno))
            if is_ours and not EVERY:
                break
            frame = frame.f_back
        return tuple(site)


OURS = re.compile(r"/(otio_gvideo|renderers|diffusers/hooks)/|/accelerate/hooks\.py$")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("rung", LADDER if EVERY else ("none", "group"))
@pytest.mark.parametrize("name", ("ltx", "ltx2", "svd", "animatediff", "wan"))
def test_memory_that_runs_out_at_any_call_site_gives_the_video_or_one_line(
    name: str, rung: str, on_card: Callable[..., tuple[Any, str | int]]
) -> None:
    sites = _CallSites()
    sites.check(lambda: on_card(name, rung, sites), name, rung)
    assert sites.count >= 4
    assert not sites.faults, "\n".join(sites.faults)


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
