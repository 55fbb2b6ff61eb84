"""The programs, packages, encoders, devices and renderers of this machine."""

from __future__ import annotations

import os
import platform
from importlib import import_module

from ..renderers.base import UnavailableError
from ..renderers.diffusion.presets import model_table
from ..renderers.registry import renderer_class, renderer_names
from .backend.encode.codecs import CODECS, hardware_encoder, software_encoder
from .media.find_ffmpeg import encoder_names, ffmpeg_path, ffmpeg_version
from .media.programs import find_program
from .packages import Package, packages
from .speech.align.synthesis import SYNTHESIZER

ENCODERS = ("libx264", "aac")
"""The encoders that every reel needs."""


def diagnose() -> list[str]:
    """Return a line for each of them, with a hint if it is missing."""
    python, *others = packages()
    return [
        f"python     {python.installed} ({python.tested}) on {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores",
        *(f"package    {package}{_package_fault(package)}" for package in others),
        f"ffmpeg     {ffmpeg_version()} ({ffmpeg_path()})",
        *(f"encoder    {name}: {_encoder(name)}" for name in ENCODERS),
        *(f"video      {codec}: {_video(codec)}" for codec in CODECS),
        f"languages  English{_other_languages()}",
        f"device     {_device()}",
        *(f"renderer   {name}: {_renderer(name)}" for name in renderer_names()),
    ]


def _encoder(name: str) -> str:
    known = name in encoder_names(ffmpeg_path())
    return "available" if known else "missing from this ffmpeg; install another"


def _package_fault(package: Package) -> str:
    """Return how to install a missing package, or the error of one that does not import."""
    if package.installed:
        return "" if package.extra else _import_error(package.module)
    wanted = f"'otio-gvideo[{package.extra}]'" if package.extra else package.name
    return f"; pip install {wanted}"


def _import_error(module: str) -> str:
    try:
        import_module(module)
    except Exception as error:  # A broken package can raise anything.
        return "; cannot be imported: " + " ".join(f"{type(error).__name__}: {error}".split())
    return ""


def _other_languages() -> str:
    found = find_program(SYNTHESIZER)
    if found:
        return f", and those of {SYNTHESIZER} ({found})"
    return f"; others need {SYNTHESIZER}, or a transcript with word times"


def _video(codec: str) -> str:
    """Return the encoders of a codec on this machine: in software, and in hardware."""
    software = software_encoder(codec) or "no software encoder in this ffmpeg"
    hardware = hardware_encoder(codec, "auto") if codec != "prores" else ""
    return f"{software}, {hardware or 'no hardware'}"


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
    return (
        "installed; `otio-gvideo models list` shows its weights"
        if name in model_table()
        else "ready"
    )
