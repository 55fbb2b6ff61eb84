"""The PyTorch device of a ``device`` setting; the one place that resolves ``device: auto``."""

from __future__ import annotations

from .base import UnavailableError


def pick_device(setting: str, renderer: str) -> str:
    """Return the device to run on; ``auto`` is the first available of CUDA, XPU, MPS and CPU.

    Args:
        setting: ``auto``, ``cuda``, ``xpu``, ``mps`` or ``cpu``.
        renderer: named in the error.

    Raises:
        UnavailableError: this machine has no such device.
    """
    import torch  # noqa: PLC0415 - slow to import

    available = {
        "cuda": torch.cuda.is_available(),
        "xpu": hasattr(torch, "xpu") and torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if setting == "auto":
        return next(name for name, is_available in available.items() if is_available)
    if not available.get(setting, False):
        raise UnavailableError(
            f"{renderer}: this machine has no {setting} device; set device: auto"
        )
    return setting
