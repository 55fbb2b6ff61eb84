"""Folders of CTC models: wav2vec2, MMS and their relatives, as transformers writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....renderers.base import RendererError
from ....renderers.error_text import one_line
from ...media.samples import SPEECH_RATE


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The labels of a model.

    Attributes:
        labels: their numbers, by letter.
        blank: the number of the blank.
        delimiter: that of the label between words; None without one.
    """

    labels: Mapping[str, int]
    blank: int
    delimiter: int | None


@dataclass(frozen=True, slots=True)
class CtcFolder:
    """A folder with a CTC model, described but not loaded.

    Attributes:
        folder: with ``config.json``, ``vocab.json`` and ``model.safetensors``.
        config: the content of ``config.json``.
        vocabulary: of the language.
        language: ISO 639-3, of the text.
        adapter: the name of its adapter (MMS); empty for a model without adapters.
        device: as in `pick_device`.
        normalises: whether samples have mean 0 and deviation 1.
    """

    folder: Path
    config: Mapping[str, Any]
    vocabulary: Vocabulary
    language: str
    adapter: str
    device: str
    normalises: bool

    @property
    def stride(self) -> int:
        """Samples from one frame to the next."""
        return int(math.prod(self.config["conv_stride"]))

    @property
    def window(self) -> int:
        """Samples that a frame of the convolutions sees."""
        strides, kernels = self.config["conv_stride"], self.config["conv_kernel"]
        steps = [math.prod(strides[:index]) for index in range(len(strides))]
        return int(1 + sum((k - 1) * step for k, step in zip(kernels, steps, strict=True)))


def read_ctc_folder(folder: Path, languages: Sequence[str], device: str = "auto") -> CtcFolder:
    """Read the description of a model.

    Args:
        folder: of the model.
        languages: names that its adapters may have for the language; the last is ISO 639-3.
        device: to compute on.

    Raises:
        RendererError: it is no CTC model of raw sound, or has no adapter for the language.
    """
    config = _json(folder / "config.json")
    if not all(isinstance(config.get(name), list) for name in ("conv_stride", "conv_kernel")):
        raise RendererError(f"{folder}: not a CTC model of sound such as wav2vec2 or MMS")
    table = _json(folder / "vocab.json")
    adapter = ""
    if all(isinstance(entry, dict) for entry in table.values()):
        adapter = _adapter(folder, table, languages)
        table = table[adapter]
    if not all(isinstance(number, int) for number in table.values()):
        raise RendererError(f"{folder / 'vocab.json'}: not a table of letters and numbers")
    tokenizer = _json(folder / "tokenizer_config.json", needed=False)
    delimiter = table.get(_text(tokenizer.get("word_delimiter_token", "|")))
    padding = table.get(_text(tokenizer.get("pad_token", "<pad>")), config.get("pad_token_id"))
    blank = table.get("<blank>", padding)
    if not isinstance(blank, int):
        raise RendererError(f"{folder / 'vocab.json'}: has no blank (<pad>)")
    processor = _json(folder / "preprocessor_config.json", needed=False)
    if processor.get("sampling_rate", SPEECH_RATE) != SPEECH_RATE:
        raise RendererError(f"{folder}: listens at {processor['sampling_rate']} Hz, not at 16000")
    return CtcFolder(
        folder=folder,
        config=config,
        vocabulary=Vocabulary(table, blank, delimiter),
        language=languages[-1],
        adapter=adapter,
        device=device,
        normalises=bool(processor.get("do_normalize", True)),
    )


def _adapter(folder: Path, table: Mapping[str, Any], languages: Sequence[str]) -> str:
    """Return the name of a language's adapter."""
    names = [
        name
        for language in languages
        for name in table
        if name == language or name.startswith(f"{language}-")
    ]
    if not names:
        raise RendererError(f"{folder}: has no adapter for {languages[0]!r}")
    return names[0]


def _text(token: Any) -> str:
    """Return a special token, which may be a mapping with its ``content``."""
    return str(token.get("content", "")) if isinstance(token, dict) else str(token)


def _json(path: Path, *, needed: bool = True) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if needed:
            raise RendererError(f"{path}: no such file: not a folder of a CTC model") from error
        return {}
    except (OSError, ValueError) as error:
        raise RendererError(f"{path}: cannot be read: {one_line(error)}") from error
    if not isinstance(found, dict):
        raise RendererError(f"{path}: not an object")
    return found
