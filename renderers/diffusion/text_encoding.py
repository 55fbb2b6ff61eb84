"""Encode prompts with a text encoder, which is unloaded before the denoiser is loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ..base import RendererError
from ..error_text import one_line
from . import loading, offload
from .loading import ENCODERS, Pipeline, Tensor
from .local_weights import pipeline_index
from .memory import CONTEXT_GB, GB, is_out_of_memory
from .model_settings import ModelSetup
from .prompt import Prompt
from .weight_sizes import weights_bytes

Embeddings: TypeAlias = Mapping[str, Tensor]
"""Arguments of a pipeline's call that replace its prompt; in RAM."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """The text encoder of a pipeline, on disk.

    Attributes:
        pipeline: its class in diffusers.
        outputs: names of the results of ``encode_prompt``, in its order.
        folder: of the pipeline.
        setup: of the model.
        device: to run on.
        dtype: of its weights.
        tokens: that a prompt is padded or cut to; None for the pipeline's own number.
        parts: of the pipeline that encode prompts.
        shorten: makes what is kept of a prompt's embeddings, given the pipeline too.
    """

    pipeline: str
    outputs: tuple[str, ...]
    folder: Path
    setup: ModelSetup
    device: str
    dtype: Any
    tokens: int | None = None
    parts: tuple[str, ...] = ENCODERS
    shorten: Callable[[Pipeline, Embeddings], Embeddings] = lambda _, embeddings: embeddings

    def encode(self, prompts: Sequence[Prompt], budget_gb: float) -> dict[Prompt, Embeddings]:
        """Load the encoder, encode prompts, and unload it.

        It runs on the device if it fits into the budget and into VRAM, else offloaded layer by
        layer.

        Raises:
            RendererError: not even a layer fits.
        """
        size = sum(
            weights_bytes(self.folder / part, self.dtype.itemsize)
            for part in self.parts
            if part != "tokenizer"
        )
        name = self.setup.renderer
        for is_offloaded in (False, True):
            if not is_offloaded and size / GB + CONTEXT_GB > budget_gb:
                continue
            try:
                return self._encode(prompts, is_offloaded=is_offloaded)
            except Exception as caught:  # anything but a lack of memory is raised again at once
                if not is_out_of_memory(caught):
                    raise
                error = one_line(caught)
            # Outside the handler, whose traceback refers to the tensors that fill the memory.
            offload.free_memory(self.device)
            if not is_offloaded:
                _log.warning("%s: out of memory; encoding prompts layer by layer", name)
        raise RendererError(
            f"{name}: out of memory while encoding prompts, even layer by layer; close other "
            f"programs that use the device, or set device: cpu ({error[:120]})"
        )

    def _encode(self, prompts: Sequence[Prompt], *, is_offloaded: bool) -> dict[Prompt, Embeddings]:
        import torch  # noqa: PLC0415 - slow to import

        pipe = self._load()
        if is_offloaded:
            models = [getattr(pipe, part) for part in self.parts if part != "tokenizer"]
            offload.offload_layers(models, self.device)
        else:
            pipe.to(self.device)
        with loading.silenced_libraries(), torch.inference_mode():
            return {prompt: self._embeddings(pipe, prompt) for prompt in prompts}

    def _load(self) -> Pipeline:
        """Load the pipeline with no parts but those that encode prompts."""
        index = pipeline_index(self.folder, self.setup)
        parts = [name for name, part in index.items() if isinstance(part, list)]
        without: dict[str, Any] = {
            name: None for name in parts if name not in (*self.parts, "scheduler")
        }
        return loading.load_pipeline(self.pipeline, self.folder, self.setup, self.dtype, without)

    def _embeddings(self, pipe: Pipeline, prompt: Prompt) -> Embeddings:
        is_guided = self.setup.preset.guidance > 1
        length = {} if self.tokens is None else {"max_sequence_length": self.tokens}
        encoded = pipe.encode_prompt(
            prompt.positive, prompt.negative, is_guided, device=self.device, **length
        )
        named = zip(self.outputs, encoded, strict=True)
        kept = self.shorten(pipe, {name: value for name, value in named if value is not None})
        # A copy: a view would keep all that it is a part of.
        return {name: value.cpu().clone() for name, value in kept.items()}
