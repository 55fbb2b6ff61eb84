"""Depth from a model: Depth Anything, DPT and similar ones, through Hugging Face transformers.

A model is loaded once in a process, and its output cached for each still, as the slots of a split
scene share it. Weights come from a folder or the hub's local cache, never from the network.
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
from ...torch_device import pick_device
from .maps import stretch
from .outline import shrink

MAX_INPUT_SIDE = 2048
"""Longer side of a model's input, in pixels; its preprocessor reduces it further."""
_LOCK = threading.Lock()
_CACHE: dict[tuple[Any, ...], Floats] = {}
_MAX_CACHED = 8


def estimate_depth(path: Path, rgb: NDArray[np.uint8], settings: Mapping[str, Any]) -> Floats:
    """Estimate a still's depth, 0 (far) to 1 (near).

    Args:
        path: of the still; with its size and time of change the key of the cache.
        rgb: the still, shape ``(height, width, 3)``.
        settings: ``depth_model``, a hub id or a folder; optionally ``revision`` and ``device``.

    Raises:
        UnavailableError: a package, the model or the device is missing on this machine.
        RendererError: the model failed.
    """
    name = str(settings["depth_model"])
    revision, device = settings.get("revision"), str(settings.get("device", "auto"))
    state = path.stat()
    key = (path, state.st_mtime_ns, state.st_size, name, revision, device)
    with _LOCK:
        if key not in _CACHE:
            predict = _load_model(name, revision, device)
            try:
                predicted = predict(shrink(rgb, MAX_INPUT_SIDE))
            except (RuntimeError, ValueError) as error:
                raise RendererError(f"the depth model {name} failed: {error}") from error
            while len(_CACHE) >= _MAX_CACHED:
                del _CACHE[next(iter(_CACHE))]
            _CACHE[key] = stretch(predicted)
        return _CACHE[key]


@functools.lru_cache(maxsize=1)
def _load_model(
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
        why = str(error).strip().partition("\n")[0]
        raise UnavailableError(
            f"the depth model {name} is not on this machine, or is none: {why}"
        ) from error
    on_device = pick_device(device, "parallax")
    network = network.to(on_device).eval()

    def predict(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        inputs = processor(images=rgb, return_tensors="pt").to(on_device)
        with torch.inference_mode():
            predicted = network(**inputs).predicted_depth
        values: NDArray[np.float32] = predicted[0].float().cpu().numpy()
        return values

    return predict
