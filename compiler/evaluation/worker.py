"""Render takes in a separate process, to measure its memory and to survive its crash.

    python -m otio_gvideo.compiler.evaluation.worker < job.json

Standard input is ``{"media": folder, "jobs": [{"slot", "recipe"}, …]}``; standard output is lines
of JSON: ``frames`` for progress, ``made`` for each finished slot, ``failed`` with reasons.
`make_takes` runs in the parent process.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...renderers.base import RendererError
from ...renderers.error_text import one_line
from ...renderers.run import pool
from ...renderers.run.job import Job, Rendered
from ...renderers.run.recipe import Recipe
from ...renderers.run.store import Store
from ..backend.encode.encoder import write_slot
from ..errors import CompileError
from ..packages import packages_in_use


@dataclass(frozen=True, slots=True)
class MadeTake:
    """The media of a take, and their cost.

    Attributes:
        slot: name of the slot.
        key: hash of the recipe.
        path: the media file.
        seconds: render time from the recipe to the encoded file; a model's first includes loading.
        memory_mb: peak memory of the process so far, in MiB.
        gpu_memory_mb: peak GPU memory reserved for this slot, in MiB; None without a GPU.
        device: device of the computation.
        notice: deviation from the request, such as a fallback; empty if there is none.
    """

    slot: str
    key: str
    path: Path
    seconds: float
    memory_mb: float
    gpu_memory_mb: float | None
    device: str
    notice: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Reason of a failed take; ``is_unavailable`` if its renderer cannot run here at all."""

    why: str
    is_unavailable: bool = False


def make_takes(
    jobs: Sequence[Job],
    media: Path,
    *,
    on_frames: Callable[[str, int], None],
    on_made: Callable[[MadeTake], None],
) -> dict[str, Failure]:
    """Render takes of one renderer and quality in another process, one after the other.

    Args:
        jobs: the takes.
        media: the store's folder.
        on_frames: called with a slot and its number of rendered frames.
        on_made: called for each finished slot.

    Returns:
        Failures, by slot.
    """
    document = {
        "media": str(media),
        "jobs": [{"slot": job.slot, "recipe": job.recipe.as_json()} for job in jobs],
    }
    missing = {job.slot for job in jobs}
    failures: dict[str, Failure] = {}
    worker = subprocess.Popen(
        [sys.executable, "-m", __spec__.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        json.dump(document, worker.stdin)
        worker.stdin.close()
        for line in worker.stdout:
            said = json.loads(line)
            if "frames" in said:
                on_frames(said["slot"], said["frames"])
            elif "made" in said:
                missing.discard(said["made"]["slot"])
                on_made(MadeTake(**{**said["made"], "path": Path(said["made"]["path"])}))
            else:
                failures |= {slot: Failure(*told) for slot, told in said["failed"].items()}
        status = worker.wait()
    except BaseException:
        worker.kill()
        worker.wait()
        raise
    for slot in sorted(missing - failures.keys()):
        # Status -9: Linux kills the largest process when memory runs out.
        how = "was killed, for want of memory perhaps" if status == -9 else f"ended with {status}"
        failures[slot] = Failure(f"its process {how}")
    return {slot: failure for slot, failure in failures.items() if slot in missing}


def main() -> int:
    """Render the takes of standard input."""
    # Libraries that print must not disturb the protocol.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n", buffering=1)
    os.dup2(2, 1)
    job = json.load(sys.stdin)

    def say(**said: Any) -> None:
        out.write(json.dumps(said, ensure_ascii=True) + "\n")

    def on_finished(rendered: Rendered) -> None:
        gpu, device = _device()
        say(
            made={
                "slot": rendered.slot,
                "key": rendered.key,
                "path": str(rendered.path),
                "seconds": round(rendered.seconds, 3),
                "memory_mb": round(peak_memory_mb(), 1),
                "gpu_memory_mb": gpu,
                "device": device,
                "notice": rendered.attempt_log.notice if rendered.attempt_log else "",
            }
        )

    try:
        pool.render_slots(
            [Job(one["slot"], Recipe.from_json(one["recipe"])) for one in job["jobs"]],
            Store(Path(job["media"])),
            write_clip=write_slot,
            workers=1,
            force=True,
            on_frames=lambda slot, frames, _: say(slot=slot, frames=frames),
            on_finished=on_finished,
        )
    except pool.SlotsError as error:
        reasons = dict(error.reasons)
        for slot in error.unexpected:
            reasons[slot] += f"; with {packages_in_use()}"
        say(failed={slot: [why, slot in error.unavailable] for slot, why in reasons.items()})
    except (RendererError, CompileError) as error:
        said = [one_line(error), False]
        say(failed={one["slot"]: said for one in job["jobs"]})
    return 0


def peak_memory_mb() -> float:
    """Return the peak memory of this process, in MiB; 0 if unknown."""
    try:
        import resource  # noqa: PLC0415 - not there on Windows
    except ImportError:
        return _windows_peak_mb()
    # Linux counts in KiB, macOS in bytes.
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _windows_peak_mb() -> float:
    try:
        import psutil  # noqa: PLC0415 - a dependency on Windows and macOS alone
    except ImportError:
        return 0.0
    return float(getattr(psutil.Process().memory_info(), "peak_wset", 0)) / 2**20


def _device() -> tuple[float | None, str]:
    """Return peak GPU memory since the previous slot, in MiB, and the device's name."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None, _processor()
    peak = torch.cuda.max_memory_reserved() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return round(peak, 1), str(torch.cuda.get_device_name())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line for line in lines if line.startswith("model name")).partition(":")[2]
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name.strip()}, {os.cpu_count()} cores"


if __name__ == "__main__":
    sys.exit(main())
