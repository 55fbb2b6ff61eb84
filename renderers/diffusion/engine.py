"""What all renderers of this package share: text first, then the model, down the ladder if need be.

A renderer for a model of diffusers says what its calls can be (`limits`), how a call is denoised
into latents (`denoise`) and how these become frames (`decode`). The rest is here: prompts are
encoded for all shots of a run and their encoder dropped before the model is loaded; memory that
runs out leads to the same call once more, one step further down the ladder; LoRAs are put on and
taken off; progress is reported at every step, and whoever listens may end the work there.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ..base import Call, Frame, Limits, OnStep, RendererError, Shot
from ..torch_device import pick_device
from . import memory, motion
from .loading import (
    ENCODERS,
    Pipeline,
    Tensor,
    dtype_of,
    from_single_file,
    holds_vae,
    is_out_of_memory,
    load_pipeline,
    quiet,
    sizes_of,
)
from .local_weights import folder_of, index_of
from .loras import LoraSet, loras_of
from .model_settings import ModelSetup, setup_of
from .offload import limit_memory, offload_blocks, place, release

T = TypeVar("T")
Prompt = tuple[str, str]
Embeddings = Mapping[str, Tensor]
"""Arguments of a pipeline's call that stand for its prompt, in the machine's memory."""

_log = logging.getLogger(__name__)


class DiffusionRenderer(ABC):
    """A renderer that runs a pipeline of diffusers.

    Attributes:
        pipeline: the class of diffusers.
        denoisers: its parts that do the work of the steps.
        half: the 16-bit numbers that its weights were made for.
        encoded: the names that `encode` gives what ``encode_prompt`` returns, in its order; none
            for a model without prompts.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    pipeline: str
    denoisers: ClassVar[tuple[str, ...]] = ("transformer",)
    half: ClassVar[str] = "bfloat16"
    encoded: ClassVar[tuple[str, ...]] = ("prompt_embeds", "negative_prompt_embeds")

    def __init__(self, settings: Mapping[str, Any], quality: str):
        self.setup: ModelSetup = setup_of(self.name, settings, quality)
        self.preset = self.setup.preset
        self._pipe: Pipeline = None
        self._rung: int | None = None
        self._prompts: dict[Prompt, Embeddings] = {}
        self._expected: set[Prompt] = set()
        self._wardrobe = LoraSet(self.name)

    @property
    @abstractmethod
    def limits(self) -> Limits:
        """What one call can be."""

    @abstractmethod
    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """The latents of a call; arguments as `Renderer.generate` has them."""

    @abstractmethod
    def decode(self, pipe: Pipeline, latents: Tensor, call: Call, most: int) -> Iterator[Frame]:
        """Yield the RGB frames of a call's latents, about ``most`` decoded at once."""

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """The pipeline without its text encoder, in the machine's memory.

        Args:
            parts: of the pipeline that are given, or left out by None.
        """
        return load_pipeline(
            self.pipeline, self.folder, self.setup, self.dtype, parts, self.denoisers[0]
        )

    # What `pool` asks for.

    def expect(self, shots: Sequence[Shot]) -> None:
        """Told once, before the first call, of all shots that this run may ask it for."""
        if self.encoded:
            self._expected = {motion.words(shot) for shot in shots}

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        """Yield the call's frames as RGB."""
        on_step(0, 1)
        if self.encoded:
            self._encode(motion.words(shot))
        latents = self._with_room(
            lambda pipe: self.denoise(self._dressed(pipe, shot), shot, call, before, on_step), call
        )
        made = 0
        while made < call.frames:
            # What is decoded again on a lower step goes on where the one above had to stop.
            frames: Iterator[Frame] = iter(())
            try:
                frames = self.decode(self._loaded(call), latents, call, self._most(call))
                for frame in islice(frames, made, None):
                    yield frame
                    made += 1
                break
            except Exception as caught:  # what is not of memory is raised again at once
                if not is_out_of_memory(caught):
                    raise
                error = str(caught)
            frames = iter(())  # A generator holds on to its pipeline.
            self._step_down(error)

    def close(self) -> None:
        """Let go of the model, of what prompts became, and of the device's memory."""
        self._unload()
        self._prompts.clear()

    # What models ask for.

    @property
    def folder(self) -> Path:
        """The pipeline's folder on this machine."""
        return folder_of(self.setup.model, self.setup)

    @property
    def device(self) -> str:
        """The device to run on."""
        return pick_device(self.setup.device, self.name)

    @property
    def dtype(self) -> Any:
        """The numbers to compute with."""
        return dtype_of(self.setup, self.device, self.half)

    def single_file(self, denoiser: str, vae: str) -> dict[str, Any]:
        """Parts of the pipeline out of the single file that is configured; none where none is.

        Args:
            denoiser, vae: their classes.
        """
        source = self.setup.weights
        if source is None:
            return {}
        made = {}
        for kind, part in ((denoiser, self.denoisers[0]), (vae, "vae")):
            if part != "vae" or holds_vae(source, self.setup):
                made[part] = from_single_file(
                    kind, source, self.folder, part, self.setup, self.dtype
                )
        return made

    def embeddings(self, shot: Shot) -> dict[str, Tensor]:
        """The prompt of a shot as the pipeline's call takes it, on the device."""
        found = self._prompts[motion.words(shot)]
        return {name: tensor.to(self.device) for name, tensor in found.items()}

    def generator(self, call: Call) -> Any:
        """Noise of a call's seed, drawn on the CPU: the same for every device."""
        import torch  # noqa: PLC0415

        return torch.Generator("cpu").manual_seed(call.seed)

    def at_step(self, on_step: OnStep, total: int, done: int = 0) -> Callable[..., dict[str, Any]]:
        """What a pipeline calls after each step. It ends the work by an error that ``on_step``
        raises: the flag that some pipelines have for it is ignored by others."""

        def report(_pipe: object, index: int, _time: object, _: object) -> dict[str, Any]:
            on_step(done + index + 1, total)
            return {}

        return report

    # Prompts.

    def _encode(self, prompt: Prompt) -> None:
        """See that a prompt is encoded; with it, all that are expected."""
        if prompt in self._prompts:
            return
        self._unload()  # One model in memory at a time.
        wanted = sorted({prompt, *self._expected} - self._prompts.keys())
        for on_device in (True, False):
            try:
                self._encode_all(wanted, on_device=on_device)
                break
            except Exception as caught:
                if not on_device or not is_out_of_memory(caught):
                    raise
            _log.warning("%s: out of memory; encoding prompts layer by layer", self.name)
            release(self.device)
        release(self.device)

    def _encode_all(self, prompts: Sequence[Prompt], *, on_device: bool) -> None:
        import torch  # noqa: PLC0415

        pipe = self.load_encoder()
        size = memory.weights_bytes(self.folder / "text_encoder", self.dtype.itemsize)
        if on_device and size / memory.GB + memory.WORKSPACE_GB <= self._budget():
            pipe.to(self.device)
        else:
            offload_blocks([pipe.text_encoder], self.device)
        with quiet(), torch.inference_mode():
            for prompt in prompts:
                self._prompts[prompt] = {
                    name: tensor.cpu() for name, tensor in self.encode(pipe, *prompt).items()
                }

    def load_encoder(self) -> Pipeline:
        """The pipeline with the parts that encode prompts and no others."""
        index = index_of(self.folder, self.setup)
        others = [name for name, part in index.items() if isinstance(part, list)]
        parts: dict[str, Any] = {
            name: None for name in others if name not in (*ENCODERS, "scheduler")
        }
        return load_pipeline(self.pipeline, self.folder, self.setup, self.dtype, parts)

    def encode(self, pipe: Pipeline, prompt: str, negative: str) -> Embeddings:
        """A prompt as arguments of the pipeline's call."""
        guided = self.preset.guidance > 1
        made = pipe.encode_prompt(prompt, negative, guided, device=self.device)
        return {
            name: tensor
            for name, tensor in zip(self.encoded, made, strict=True)
            if tensor is not None
        }

    # The model.

    def _loaded(self, call: Call) -> Pipeline:
        """The pipeline where the current step of the ladder has it."""
        if self._pipe is not None:
            return self._pipe
        without: dict[str, Any] = {} if not self.encoded else dict.fromkeys(self.dropped)
        budget = self._budget()
        rungs = self._ladder()
        if self._rung is None:
            sizes = sizes_of(self.folder, self.setup, self.denoisers[0], self.dtype.itemsize)
            pixels = call.width * call.height * call.frames
            self._rung = memory.first_rung(rungs, sizes, pixels, budget)
            _log.info("%s: %s", self.name, rungs[self._rung])
        pipe = self.load(without)
        pipe.set_progress_bar_config(disable=True)
        place(pipe, rungs[self._rung], self.device, self.setup, self.denoisers)
        self._pipe = pipe
        return pipe

    def _dressed(self, pipe: Pipeline, shot: Shot) -> Pipeline:
        return self._wardrobe.dress(pipe, loras_of(shot, self.setup))

    @property
    def dropped(self) -> tuple[str, ...]:
        """Parts that the pipeline does without once prompts are encoded."""
        return ENCODERS

    def _unload(self) -> None:
        if self._pipe is not None:
            self._pipe.maybe_free_model_hooks()
            self._pipe = None
            self._wardrobe.clear()
            release(self.device)

    def _ladder(self) -> tuple[memory.Rung, ...]:
        return memory.ladder(self.device, self.setup.offload, self.setup.vae_tiling)

    def _budget(self) -> float:
        return limit_memory(self.device, self.setup.budget_gb)

    def _most(self, call: Call) -> int:
        """Frames that are decoded at once."""
        assert self._rung is not None
        return max(1, self._ladder()[self._rung].decode_pixels // (call.width * call.height))

    def _with_room(self, work: Callable[[Pipeline], T], call: Call) -> T:
        """Do some work with the pipeline; again, a step further down, where memory runs out."""
        import torch  # noqa: PLC0415

        while True:
            try:
                self._loaded(call)
                with quiet(), torch.inference_mode(), torch.random.fork_rng():
                    # SparseCtrl's pipeline draws from the global generator, whatever it is given.
                    torch.manual_seed(call.seed)
                    # No name is given to it: one would keep it in memory beside the next.
                    return work(self._loaded(call))
            except Exception as caught:  # what is not of memory is raised again at once
                if not is_out_of_memory(caught):
                    raise
                error = str(caught)
            # Outside of the handler, whose traceback holds on to what fills the memory.
            self._step_down(error)

    def _step_down(self, error: str) -> None:
        """Let go of the pipeline; the next one is loaded further down.

        Raises:
            RendererError: this was the last step.
        """
        rungs = self._ladder()
        self._pipe = None
        self._wardrobe.clear()
        release(self.device)
        below = (self._rung or 0) + 1
        if below >= len(rungs):
            said = " ".join(error.split())[:120]
            raise RendererError(
                f"{self.name}: out of memory even with {rungs[-1]}; lower max_pixels or frames of "
                f"presets.{self.setup.quality} ({said})"
            )
        _log.warning("%s: out of memory; trying again with %s", self.name, rungs[below])
        self._rung = below
