"""Engines: slots are rendered in threads of this process, or on a Ray cluster.

Ray workers read stills and write media at the same paths: the machines of a cluster share a file
system, and have this package installed.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Literal

from ..base import UnavailableError
from ..diffusion.presets import model_table
from .concurrency import slots_at_once
from .ray_cluster.connection import ADDRESS
from .ray_cluster.driver import REQUIRED, USEFUL
from .ray_cluster.executor import RayExecutor, refuse_missing
from .recipe import Recipe


def refuse_engine(engine: str) -> None:
    """Check that an engine exists, and that its packages are installed.

    Raises:
        UnavailableError: the name is wrong, or Ray is not installed.
    """
    if engine == "local":
        return
    if engine != "ray":
        found = ADDRESS.fullmatch(engine)
        if found is None or int(found["port"] or 1) not in range(1, 1 << 16):
            raise UnavailableError(
                f"{engine!r} is not an engine; use local, ray or ray://HOST:PORT"
            )
    refuse_missing(None if engine == "ray" else engine)


def gpu_need(recipe: Recipe) -> str:
    """Return whether a slot needs a GPU, for `RayExecutor.submit_on`.

    Ray counts those of NVIDIA, AMD and Intel; not those of Macs, where a slot asks for a CPU.
    """
    if recipe.renderer not in model_table():
        return ""
    device = recipe.shot.settings.get("device", "auto")
    return REQUIRED if device in ("cuda", "xpu") else USEFUL if device == "auto" else ""


def executor(engine: str, workers: int | Literal["auto"], pixels: int) -> Executor:
    """Return the executor of an engine.

    Args:
        engine: ``local``; ``ray`` for the cluster of ``RAY_ADDRESS``, else one on this machine,
            else a new one; ``ray://HOST:PORT`` for another.
        workers: concurrent slots on this machine; ``auto`` for `slots_at_once`.
        pixels: of the largest frame.

    Raises:
        UnavailableError: as `refuse_engine`.
    """
    refuse_engine(engine)
    if engine == "local":
        return ThreadPoolExecutor(workers if isinstance(workers, int) else slots_at_once(pixels))
    return RayExecutor(None if engine == "ray" else engine)
