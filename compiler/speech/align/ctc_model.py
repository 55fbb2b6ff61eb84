"""Emissions of a CTC model: computed in overlapping chunks, so that memory stays flat, and cached.

The model runs through Hugging Face transformers, from a folder, safetensors only.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

from ....renderers.base import RendererError, UnavailableError
from ....renderers.error_text import one_line
from ....renderers.files.digest import file_digest
from ....renderers.files.user_folders import cache_folder
from ....renderers.torch_device import pick_device
from ...media.samples import SPEECH_RATE
from .ctc_folder import CtcFolder
from .kept_arrays import KeptArrays
from .mfcc import Array

CHUNK_S, CONTEXT_S = 24, 3
"""Seconds of a chunk, and of sound on either side of it that its emissions may depend on."""
KEPT = 64
"""Likeliest labels of each frame to store; the others count as the last of them."""
PACKAGES = "aligning by a model needs packages: pip install 'otio-gvideo[align]'"


@dataclass(frozen=True, slots=True)
class Emissions:
    """Log probabilities of the likeliest labels of each frame.

    Attributes:
        labels: their numbers, shape ``(frames, kept)``.
        scores: in nats, the same shape.
        hop: seconds from one frame to the next.
        offset: seconds to the start of the first frame: a frame reaches half a hop to either side
            of the middle of its window.
        size: number of labels of the model.
    """

    labels: NDArray[np.uint16]
    scores: NDArray[np.float16]
    hop: Fraction
    offset: Fraction
    size: int

    def __len__(self) -> int:
        return len(self.labels)

    def dense(self, first: int, last: int) -> Array:
        """Return the scores of all labels in frames ``[first, last)``."""
        scores = self.scores[first:last].astype(np.float32)
        values = np.repeat(scores.min(axis=1, initial=0, keepdims=True), self.size, axis=1)
        np.put_along_axis(values, self.labels[first:last].astype(np.int64), scores, axis=1)
        return values


def emissions_of(
    model: CtcFolder,
    samples: NDArray[np.int16],
    on_progress: Callable[[float], None] = lambda _: None,
) -> Emissions:
    """Return a model's emissions for a recording, from the cache if they are there.

    Args:
        model: to listen with.
        samples: mono, 16 kHz.
        on_progress: called with 0..1.

    Raises:
        UnavailableError: packages or the device are missing.
        RendererError: the model cannot be loaded, or failed.
    """
    kept = KeptArrays(cache_folder() / "emissions" / _key(model, samples))
    labels, scores = kept.array("emissions", lambda: _compute(model, samples, on_progress))
    return Emissions(
        labels,
        scores.view(np.float16),
        hop=Fraction(model.stride, SPEECH_RATE),
        offset=Fraction(model.window - model.stride, 2 * SPEECH_RATE),
        size=max(model.vocabulary.labels.values()) + 1,
    )


def _key(model: CtcFolder, samples: NDArray[np.int16]) -> str:
    digest = hashlib.sha256(samples.tobytes())
    versions = []
    for package in ("torch", "transformers"):
        with suppress(metadata.PackageNotFoundError):  # Running the model says so.
            versions.append(metadata.version(package))
    said = [file_digest(model.folder), model.adapter, model.device, *versions]
    digest.update(json.dumps([*said, KEPT, CHUNK_S, CONTEXT_S]).encode())
    return digest.hexdigest()


def _compute(
    model: CtcFolder,
    samples: NDArray[np.int16],
    on_progress: Callable[[float], None],
) -> NDArray[np.uint16]:
    """Return the likeliest labels of each frame, and the bits of their scores in half precision."""
    run = _load(model)
    stride, window = model.stride, model.window
    mean, deviation = float(samples.mean()), float(samples.std())
    frames = max(1, math.ceil(len(samples) / stride))
    step, context = CHUNK_S * SPEECH_RATE // stride, CONTEXT_S * SPEECH_RATE // stride
    labels, scores = [], []
    for first in range(0, frames, step):
        last = min(frames, first + step)
        before = min(first, context)
        begin, end = (first - before) * stride, (last + context) * stride + window - stride
        part = samples[begin:end].astype(np.float32)
        # All frames of the recording exist: the last window may reach over its end.
        part = np.pad(part, (0, max(0, (last * stride + window - stride) - begin - len(part))))
        scaled = (part - mean) / (deviation + 1e-4) if model.normalises else part / 32768
        found = run(scaled.astype(np.float32))[before : before + last - first]
        kept = np.argsort(-found, axis=1, kind="stable")[:, :KEPT]
        labels.append(kept.astype(np.uint16))
        scores.append(np.take_along_axis(found, kept, axis=1).astype(np.float16))
        on_progress(last / frames)
    return np.stack([np.concatenate(labels), np.concatenate(scores).view(np.uint16)])


def _load(model: CtcFolder) -> Callable[[Array], Array]:
    """Load a model; return what makes log probabilities ``(frames, labels)`` of samples.

    Raises:
        UnavailableError: packages or the device are missing.
        RendererError: it cannot be loaded.
    """
    try:
        import torch  # noqa: PLC0415 - optional, and slow to import
        import transformers  # noqa: PLC0415
    except ImportError as error:
        raise UnavailableError(PACKAGES) from error
    on_device = pick_device(model.device, "alignment")
    library = transformers.utils.logging
    level = library.get_verbosity()
    library.set_verbosity_error()
    library.disable_progress_bar()
    try:
        network, loaded = transformers.AutoModelForCTC.from_pretrained(
            model.folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
        if model.adapter:
            network.load_adapter(model.adapter, use_safetensors=True, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        what = one_line(error)[:200]
        raise RendererError(f"{model.folder}: cannot be loaded: {what}") from error
    finally:
        library.set_verbosity(level)
        library.enable_progress_bar()
    absent = sorted(name for name in loaded["missing_keys"] if "masked_spec_embed" not in name)
    if absent:  # They would be random numbers.
        raise RendererError(f"{model.folder}: no CTC model: its weights lack {absent[0]}")
    network = network.to(on_device).eval()

    def run(part: Array) -> Array:
        try:
            with torch.inference_mode():
                logits = network(torch.from_numpy(part)[None].to(on_device)).logits
                found = logits[0].float().log_softmax(-1).cpu().numpy()
        except RuntimeError as error:
            raise RendererError(f"{model.folder}: the model failed: {one_line(error)}") from error
        return np.asarray(found, np.float32)

    return run
