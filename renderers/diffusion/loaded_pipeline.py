"""A pipeline that is loaded once, and placed in memory as each call needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from ..base import Call, Frame, RendererError
from . import memory, offload
from .ladder import Ladder
from .loading import Pipeline, silenced_libraries
from .loras import LoraSet
from .model_settings import ModelSetup

T = TypeVar("T")


@dataclass(slots=True)
class LoadedPipeline:
    """A pipeline in memory, with its LoRAs and its place on the offload ladder.

    Attributes:
        renderer: name of its renderer.
        setup: of the model.
        device: to run on.
        denoisers: names of its transformers or UNets.
        load: returns the pipeline, in RAM.
        plan: returns the memory of a call on a rung.
        loras: that are applied.
        ladder: where it stands.
        pipe: the pipeline; None if it is not loaded.
    """

    renderer: str
    setup: ModelSetup
    device: str
    denoisers: Sequence[str]
    load: Callable[[], Pipeline]
    plan: Callable[[Call, memory.Offload], memory.MemoryPlan]
    loras: LoraSet = field(init=False)
    ladder: Ladder = field(init=False)
    pipe: Pipeline = None
    _placed: memory.Offload | None = None
    _budget_gb: float = 0.0

    def __post_init__(self) -> None:
        self.loras = LoraSet(self.renderer)
        rungs = memory.offload_ladder(self.device, self.setup.offload)
        self.ladder = Ladder(self.renderer, rungs)

    def placed(self, call: Call) -> Pipeline:
        """Return the pipeline, loaded if it is not, and placed for a call."""
        if self.pipe is None:
            self._budget_gb = offload.memory_budget(self.device, self.setup.memory_gb)
            pipe = self.load()
            pipe.set_progress_bar_config(disable=True)
            offload.prepare_pipeline(pipe, self.setup, self.denoisers)
            self.pipe, self._placed = pipe, None
        self.ladder.start(
            self._key(call), lambda rung: self.plan(call, rung).peak_gb, self._budget_gb
        )
        rung = self.ladder.rung
        if rung != self._placed:
            # None until it is done: memory may run out midway.
            self._placed = None
            offload.place_pipeline(self.pipe, rung, self.device, self.denoisers)
            self._placed = rung
        return self.pipe

    def run(self, work: Callable[[Pipeline], T], call: Call, seed: int) -> T:
        """Run some work with the pipeline, and retry one rung down if memory runs out.

        Args:
            work: to do.
            call: that it is for.
            seed: of the global generator.

        Raises:
            RendererError: memory ran out on the last rung.
        """
        import torch  # noqa: PLC0415 - slow to import

        while True:
            try:
                self.placed(call)
                with silenced_libraries(), torch.inference_mode(), torch.random.fork_rng():
                    torch.manual_seed(seed)
                    # Not a local variable: that would keep it in memory beside the next one.
                    return work(self.placed(call))
            except Exception as caught:  # anything but a lack of memory is raised again at once
                if not memory.is_out_of_memory(caught):
                    raise
                error = str(caught)
            # Outside the handler, whose traceback refers to the tensors that fill the memory.
            self._step_down(error)

    def frames(self, decode: Callable[[Pipeline], Iterator[Frame]], call: Call) -> Iterator[Frame]:
        """Yield a call's frames, and retry one rung down if memory runs out.

        A retry skips the frames that were yielded before.

        Args:
            decode: yields them, given the pipeline.
            call: that they are of.

        Raises:
            RendererError: memory ran out on the last rung.
        """
        done = 0
        try:
            while done < call.frames:
                frames: Iterator[Frame] = iter(())
                try:
                    frames = decode(self.placed(call))
                    for frame in islice(frames, done, None):
                        yield frame
                        done += 1
                    break
                except Exception as caught:  # all but a lack of memory is raised again at once
                    if not memory.is_out_of_memory(caught):
                        raise
                    error = str(caught)
                frames = iter(())  # A generator refers to its pipeline.
                self._step_down(error)
        finally:
            if done:  # Nobody may ask for the last frames.
                self._worked(call)

    def _step_down(self, error: str) -> None:
        """Go one rung down after a lack of memory; the pipeline stays loaded.

        Raises:
            RendererError: this was the last rung.
        """
        offload.free_memory(self.device)
        limit = "set" if self.setup.memory_gb is None else "lower"
        try:
            self.ladder.step_down(
                error,
                f"{limit} memory_gb for shorter calls, or lower max_pixels or frames of "
                f"presets.{self.setup.quality}",
            )
        except RendererError:
            self.unload()
            raise

    def _worked(self, call: Call) -> None:
        """Note that a call was finished."""
        self.ladder.worked(self._key(call), self._budget_gb)

    def unload(self) -> None:
        """Free the pipeline's memory."""
        if self.pipe is not None:
            self.pipe = self._placed = None
            self.loras.clear()
            offload.free_memory(self.device)

    def _key(self, call: Call) -> str:
        """Return what decides the memory of a call, as a key of the cache."""
        setup = self.setup
        weights = f"{setup.model} {setup.weights} {setup.dtype} {setup.quantization}"
        size = f"{call.width}x{call.height}x{call.frames}"
        return f"{offload.card_name(self.device)}: {self.renderer} {weights} {size}"
