"""What this machine can do: programs, packages, accelerators, renderers."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version

from ..renderers.base import UnavailableError, renderer_class, renderer_names
from ..renderers.diffusion.setup import table
from .backend.codecs import CODECS, hardware_encoder, software_encoder
from .backend.ffmpeg import ffmpeg_path, ffmpeg_version
from .frontend.align.synth import SYNTHESIZER

ENCODERS = ("libx264", "aac")
"""What ffmpeg must be able to encode with."""
OPTIONAL = ("torch", "diffusers", "faster-whisper")


def diagnose() -> list[str]:
    """One line for each thing that matters, with the way out where something is missing."""
    return [
        f"python     {platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores",
        f"ffmpeg     {ffmpeg_version()} ({ffmpeg_path()})",
        *(f"encoder    {name}: {_encoder(name)}" for name in ENCODERS),
        *(f"video      {codec}: {_video(codec)}" for codec in CODECS),
        *(f"package    {name}: {_package(name)}" for name in OPTIONAL),
        f"languages  English{_other_languages()}",
        f"device     {_device()}",
        *(f"renderer   {name}: {_renderer(name)}" for name in renderer_names()),
    ]


def _encoder(name: str) -> str:
    known = subprocess.run(
        [ffmpeg_path(), "-hide_banner", "-encoders"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=True,
        timeout=60,
    ).stdout
    return "there" if f" {name} " in known else "missing from this ffmpeg; install another"


def _other_languages() -> str:
    found = shutil.which(SYNTHESIZER)
    if found:
        return f", and those of {SYNTHESIZER} ({found})"
    return f"; others need {SYNTHESIZER}, or a transcript with word times"


def _video(codec: str) -> str:
    """What encodes a codec here: in software, and in hardware."""
    software = software_encoder(codec) or "no software encoder in this ffmpeg"
    hardware = hardware_encoder(codec, "auto") if codec != "prores" else ""
    return f"{software}, {hardware or 'no hardware'}"


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _device() -> str:
    try:
        import torch  # noqa: PLC0415 - seconds to import, and optional
    except ImportError:
        return "CPU (torch is not installed)"
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        name = torch.cuda.get_device_name()
        return f"{name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
    if torch.backends.mps.is_available():
        return "Apple GPU (mps)"
    return "CPU"


def _renderer(name: str) -> str:
    try:
        renderer_class(name)
    except UnavailableError as error:
        return str(error)
    return "installed; models list says what it needs" if name in table() else "ready"
