"""The base of all diffusion renderers: prompts are encoded first, then the model denoises.

A renderer for a model of diffusers states the limits of its calls (`limits`), denoises a call into
latents (`denoise`) and decodes these to frames (`decode`). The rest is here: prompts are encoded
for all shots of a run, and their encoder unloaded, before the model is loaded; a call that runs out
of memory is retried on the next rung of the offload ladder; LoRAs are applied for each shot;
progress is reported at every step, where the caller may cancel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

from ..base import Call, Frame, Limits, OnStep, Shot
from ..fit.planner import call_seed
from ..torch_device import pick_device
from . import loading, memory, offload, single_file
from .call_timer import CallTimer, work_kind
from .loaded_pipeline import LoadedPipeline
from .loading import ENCODERS, Pipeline, Tensor
from .local_weights import local_folder
from .loras import loras_of
from .model_settings import ModelSetup, model_setup
from .prompt import Prompt, PromptShape, prompt_of
from .text_encoding import Embeddings, TextEncoder
from .weight_sizes import weight_sizes
from .work import Work


class DiffusionRenderer(ABC):
    """A renderer that runs a pipeline of diffusers.

    Attributes:
        pipeline: its class in diffusers.
        denoisers: names of its transformers or UNets.
        half: the 16-bit dtype that its weights were trained in.
        precise: names of the parts that compute in 32 bits whatever the dtype.
        prompt_tokens: length that prompts are padded or cut to; None for the pipeline's own.
        encoders: names of the parts that encode prompts, unloaded before the others are loaded.
        prompt_shape: of the prompts that the model was trained on.
        encoded: names of the results of ``encode_prompt``, in its order; none for a model without
            prompts, or whose text encoder is not unloaded.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 3
    pipeline: str
    denoisers: ClassVar[tuple[str, ...]] = ("transformer",)
    half: ClassVar[str] = "bfloat16"
    precise: ClassVar[tuple[str, ...]] = ()
    prompt_tokens: ClassVar[int | None] = None
    encoders: ClassVar[tuple[str, ...]] = ENCODERS
    prompt_shape: ClassVar[PromptShape] = "paragraph"
    encoded: ClassVar[tuple[str, ...]] = ("prompt_embeds", "negative_prompt_embeds")

    def __init__(self, settings: Mapping[str, Any], quality: str):
        self.setup: ModelSetup = model_setup(self.name, settings, quality)
        self.preset = self.setup.preset
        self._sizes: memory.Sizes | None = None
        self._embeddings: dict[Prompt, Embeddings] = {}
        self._expected: set[Prompt] = set()

    @property
    def footprint(self) -> memory.Footprint:
        """The memory that the model's activations need."""
        return memory.Footprint()

    def work(self, call: Call) -> Work | None:
        """Return the work of a call; None if nobody counted the model's."""
        return None

    @property
    @abstractmethod
    def limits(self) -> Limits:
        """The limits of one call."""

    @abstractmethod
    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Return the latents of a call; arguments as in `Renderer.generate`."""

    @abstractmethod
    def decode(self, pipe: Pipeline, latents: Tensor, call: Call) -> Iterator[Frame]:
        """Yield the RGB frames of a call's latents, decoded a few at a time."""

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """Load the pipeline into RAM.

        Args:
            parts: parts to use instead of the folder's; None leaves a part out.
        """
        return loading.load_pipeline(
            self.pipeline,
            self.folder,
            self.setup,
            self.dtype,
            parts,
            denoisers=self.denoisers,
            precise=self.precise,
        )

    # The renderer's interface.

    def expect(self, shots: Sequence[Shot]) -> None:
        """Note the prompts of all shots that this run may render."""
        if self.encoded:
            self._expected = {self.prompt(shot) for shot in shots}

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        """Yield the call's frames as RGB."""
        on_step(0, 1)
        if self.encoded:
            self._encode(self.prompt(shot))
        timer = CallTimer(work_kind(self.setup, self.half))

        def denoised(pipe: Pipeline) -> Tensor:
            applied = self._model.loras.apply(pipe, loras_of(shot, self.setup))
            return timer.denoise.call(lambda: self.denoise(applied, shot, call, before, on_step))

        latents = self._model.run(
            denoised,
            call,
            # SparseCtrl's pipeline ignores its generator and uses the global one.
            call_seed(call.seed, "global"),
        )
        frames = self._model.frames(
            lambda pipe: timer.decode.each(self.decode(pipe, latents, call)), call
        )
        done = 0
        try:
            for frame in frames:
                done += 1
                yield frame
        finally:
            timer.keep(self.work(call), done / call.frames, self.device)

    def close(self) -> None:
        """Unload the model, and drop the embeddings of prompts."""
        self._model.unload()
        self._embeddings.clear()

    # Helpers for the models.

    @property
    def folder(self) -> Path:
        """The pipeline's folder on this machine."""
        return local_folder(self.setup.model, self.setup)

    @property
    def device(self) -> str:
        """The device to run on."""
        return pick_device(self.setup.device, self.name)

    @property
    def dtype(self) -> Any:
        """The dtype to compute in."""
        return loading.pick_dtype(self.setup, self.device, self.half)

    def single_files(self, denoiser: str, vae: str | None = None) -> dict[str, Any]:
        """Load parts of the pipeline from the configured single files; none without one.

        Args:
            denoiser, vae: their classes.
        """
        setup, source = self.setup, self.setup.weights
        made = partial(
            single_file.load_single_file, folder=self.folder, setup=setup, dtype=self.dtype
        )
        quantization = loading.quantization_of(setup)
        sources = (source, setup.parts.get("weights_2"))
        parts = {
            part: made(denoiser, each, part=part, quantization=quantization)
            for part, each in zip(self.denoisers, sources, strict=False)
            if each is not None
        }
        if source is not None and vae is not None and single_file.has_vae(source, setup):
            parts["vae"] = made(vae, source, part="vae")
        return parts

    def prompt(self, shot: Shot) -> Prompt:
        """Return the prompt of a shot, with the preset's negative prompt if the scene has none."""
        negative = shot.negative_prompt or self.preset.negative
        shot = replace(shot, negative_prompt=negative)
        return prompt_of(shot, self.setup.prompt_style, self.prompt_shape, self.prompt_tokens)

    @property
    def describes(self) -> bool:
        """Whether prompts are described, and so say how a shot ends."""
        return "prompt" in self.limits.controls and self.setup.prompt_style == "described"

    def embeddings(self, shot: Shot) -> dict[str, Tensor]:
        """Return the prompt of a shot as arguments of the pipeline's call, on the device."""
        embeddings = self._embeddings[self.prompt(shot)]
        return {name: tensor.to(self.device) for name, tensor in embeddings.items()}

    def generator(self, call: Call, use: str = "") -> Any:
        """Return a generator with a call's seed, on the CPU: the same noise on every device.

        Args:
            call: the call.
            use: of the noise if it is not the first; each use has a seed of its own.
        """
        import torch  # noqa: PLC0415

        return torch.Generator("cpu").manual_seed(call_seed(call.seed, use))

    def at_step(self, on_step: OnStep, total: int, done: int = 0) -> Callable[..., dict[str, Any]]:
        """Return a pipeline's callback after each step.

        An error that ``on_step`` raises cancels the call; the flag that some pipelines have for
        that is ignored by others.
        """

        def report(_pipe: object, index: int, _time: object, _: object) -> dict[str, Any]:
            on_step(done + index + 1, total)
            return {}

        return report

    @property
    def dropped(self) -> tuple[str, ...]:
        """Parts that are not loaded once prompts are encoded."""
        return self.encoders

    def shortened(self, encoder: Pipeline, embeddings: Embeddings) -> Embeddings:
        """Return the part of a prompt's embeddings to keep until its slots are rendered.

        Args:
            encoder: the pipeline that encoded it.
            embeddings: on the device.
        """
        return embeddings

    # Prompts.

    def _encode(self, prompt: Prompt) -> None:
        """Encode a prompt, and with it all that are expected, unless they are cached."""
        if prompt in self._embeddings:
            return
        self._model.unload()  # One model in memory at a time.
        missing = sorted({prompt, *self._expected} - self._embeddings.keys())
        encoder = TextEncoder(
            self.pipeline,
            self.encoded,
            self.folder,
            self.setup,
            self.device,
            self.dtype,
            self.prompt_tokens,
            self.encoders,
            self.shortened,
        )
        self._embeddings |= encoder.encode(
            missing, offload.memory_budget(self.device, self.setup.memory_gb)
        )
        offload.free_memory(self.device)

    # The model.

    def plan(self, call: Call, rung: memory.Offload) -> memory.MemoryPlan:
        """Return the memory that a call takes on a rung of the ladder."""
        if self._sizes is None:
            self._sizes = self.sizes(self.dtype.itemsize)
        return memory.memory_plan(rung, self._sizes, self.footprint, self.call_size(call))

    def sizes(self, bytes_each: float) -> memory.Sizes:
        """Return the bytes of the weights on the device, given those of a number.

        A number that is quantised takes one byte, and one of the VAE may take more.
        """
        dropped = self.dropped if self.encoded else ()
        vae_bytes = max(self.footprint.vae_bytes, bytes_each)
        return weight_sizes(self.folder, self.setup, self.denoisers, dropped, bytes_each, vae_bytes)

    def call_size(self, call: Call) -> memory.CallSize:
        """Return the size of a call's work: of a model that encodes one frame, and no tiles."""
        pixels = call.width * call.height
        return memory.CallSize(pixels, 1, call.frames, call.frames, pixels)

    @property
    def tile_pixels(self) -> int:
        """Pixels of a frame to decode at once, for a VAE that decodes tiles."""
        return memory.tile_pixels(self.footprint, self.setup.memory_gb)

    @cached_property
    def _model(self) -> LoadedPipeline:
        self.setup = single_file.as_stored(self.setup, self.device)
        return LoadedPipeline(
            *(self.name, self.setup, self.device, self.denoisers),
            load=lambda: self.load(dict.fromkeys(self.dropped) if self.encoded else {}),
            plan=self.plan,
        )
