"""Depth from a model: Depth Anything, DPT and their like, through Hugging Face transformers.

A model is loaded once in a process, and asked once for each still: the slots of a split scene share
the answer. Weights come from a folder or from the hub's cache on this machine, never from the net.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base import RendererError, UnavailableError
from ...image.resample import Floats
from .maps import spread
from .outline import reduced

LARGEST = 2048
"""Pixels of the longer side of what a model is shown; it reduces that further by itself."""
_TURN = threading.Lock()


def estimated(path: Path, rgb: NDArray[np.uint8], settings: Mapping[str, Any]) -> Floats:
    """A still's depth as a model sees it, 0 (far) to 1 (near).

    Args:
        path: the still's, by which an answer is remembered.
        rgb: the still, shape ``(height, width, 3)``.
        settings: ``depth_model``, a hub id or a folder; ``revision`` and ``device``, if need be.

    Raises:
        UnavailableError: a package is missing, or the model is not on this machine.
        RendererError: the model failed.
    """
    name = str(settings["depth_model"])
    revision, device = settings.get("revision"), str(settings.get("device", "auto"))
    state = path.stat()
    key = (path, state.st_mtime_ns, state.st_size, name, revision, device)
    with _TURN:
        if key not in _ANSWERS:
            ask = _loaded(name, revision, device)
            try:
                answer = ask(reduced(rgb, LARGEST))
            except (RuntimeError, ValueError) as error:
                raise RendererError(f"the depth model {name} failed: {error}") from error
            while len(_ANSWERS) >= _MOST_ANSWERS:
                del _ANSWERS[next(iter(_ANSWERS))]
            _ANSWERS[key] = spread(answer)
        return _ANSWERS[key]


_ANSWERS: dict[tuple[Any, ...], Floats] = {}
_MOST_ANSWERS = 8


@functools.lru_cache(maxsize=1)
def _loaded(
    name: str, revision: str | None, device: str
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    try:
        import torch  # noqa: PLC0415 - optional, and slow to import
        import transformers  # noqa: PLC0415
    except ImportError as error:
        raise UnavailableError(
            "a depth model needs packages: pip install 'otio-gvideo[depth]'"
        ) from error
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(
            name, revision=revision, local_files_only=True, backend="pil"
        )
        network = transformers.AutoModelForDepthEstimation.from_pretrained(
            name, revision=revision, local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        raise UnavailableError(
            f"the depth model {name} is not on this machine, or is none: {_first_line(error)}"
        ) from error
    where = _device(torch, device)
    network = network.to(where).eval()

    def ask(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        inputs = processor(images=rgb, return_tensors="pt").to(where)
        with torch.inference_mode():
            predicted = network(**inputs).predicted_depth
        values: NDArray[np.float32] = predicted[0].float().cpu().numpy()
        return values

    return ask


def _device(torch: Any, wanted: str) -> str:
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
