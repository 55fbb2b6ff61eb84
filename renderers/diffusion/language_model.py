"""A language model of transformers that rewrites a prompt: loaded from safetensors, greedy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base import RendererError, UnavailableError
from ..error_text import one_line
from . import offload
from .loading import silenced_libraries
from .local_weights import reject_pickle_folders
from .memory import CONTEXT_GB, GB, is_out_of_memory
from .weight_sizes import weights_bytes

_THOUGHT = re.compile(r"<think>.*?(</think>|$)", re.DOTALL)
_MARKS = "\"'`*“”«» "


@dataclass(frozen=True, slots=True)
class Answer:
    """What a language model wrote, on one line, and whether its last word is missing."""

    text: str
    is_cut: bool


class LanguageModel:
    """A causal language model with its tokenizer, in memory until `close`.

    Args:
        folder: as ``save_pretrained`` wrote it; no pickles, and no code of its own.
        device: to run on if the model fits there, else the CPU.
        limit_gb: of the device's memory; None for what it has free.

    Raises:
        UnavailableError: the folder does not hold such a model.
    """

    def __init__(self, folder: Path, device: str, limit_gb: float | None):
        self.folder, self.device = folder, device
        half_bytes = weights_bytes(folder, 2)
        if half_bytes / GB + CONTEXT_GB > offload.memory_budget(device, limit_gb):
            self.device = "cpu"
        self._tokenizer, self._model = _load(folder, self.device)

    def answer(self, request: str, most: int) -> Answer:
        """Return the most likely answer to a request.

        Args:
            request: in the chat template of the model if it has one, as the user's only message.
            most: tokens of the answer.

        Raises:
            RendererError: the model, or its template, failed.
        """
        try:
            return self._answer(request, most)
        except Exception as error:  # of any kind: templates and tokenizers raise their own
            if self.device == "cpu" or not is_out_of_memory(error):
                what = one_line(error)[:200] or type(error).__name__
                raise RendererError(f"{self.folder}: the language model failed: {what}") from error
        # Outside the handler, whose traceback refers to the tensors that fill the memory.
        self._model.to("cpu")
        offload.free_memory(self.device)
        self.device = "cpu"
        return self._answer(request, most)

    def close(self) -> None:
        """Unload the model."""
        del self._model
        offload.free_memory(self.device)

    def _answer(self, request: str, most: int) -> Answer:
        import torch  # noqa: PLC0415 - slow to import
        from transformers import GenerationConfig  # noqa: PLC0415

        tokenizer, model = self._tokenizer, self._model
        if tokenizer.chat_template:
            message = [{"role": "user", "content": request}]
            # Templates of models that think aloud read the last argument; others ignore it.
            inputs = tokenizer.apply_chat_template(
                message,
                add_generation_prompt=True,
                return_tensors="pt",
                return_dict=True,
                enable_thinking=False,
            )
        else:
            inputs = tokenizer(f"{request}\n\n", return_tensors="pt")
        ids = inputs["input_ids"].to(self.device)
        ends = model.generation_config.eos_token_id
        ends = tokenizer.eos_token_id if ends is None else ends
        ends = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
        config = GenerationConfig(
            max_new_tokens=most,
            do_sample=False,
            num_beams=1,
            eos_token_id=ends or None,
            pad_token_id=ends[0] if ends else 0,
        )
        with silenced_libraries(), torch.inference_mode():
            written = model.generate(
                ids, attention_mask=torch.ones_like(ids), generation_config=config
            )[0, ids.shape[1] :]
        text = tokenizer.decode(written, skip_special_tokens=True)
        text = " ".join(_THOUGHT.sub(" ", text).split()).strip(_MARKS)
        is_cut = len(written) >= most and int(written[-1]) not in ends
        return Answer(text, is_cut)


def _load(folder: Path, device: str) -> tuple[Any, Any]:
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    reject_pickle_folders(folder)
    safe = {"local_files_only": True, "trust_remote_code": False}
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    try:
        with silenced_libraries():
            tokenizer = AutoTokenizer.from_pretrained(folder, **safe)
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype, use_safetensors=True, **safe
            )
    except (OSError, ValueError, TypeError, KeyError, ImportError) as error:
        raise UnavailableError(
            f"{folder}: not a language model of transformers: {one_line(error)[:200]}"
        ) from error
    return tokenizer, model.eval().to(device)
