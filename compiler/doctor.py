"""The programs, packages, encoders, devices and renderers of this machine."""

from __future__ import annotations

import os
import platform
from importlib import import_module
from importlib.util import find_spec

from ..renderers.base import QUALITIES, UnavailableError
from ..renderers.diffusion.card import Card, find_card, fit_text, preset_gb
from ..renderers.diffusion.memory import GB
from ..renderers.diffusion.missing_weights import weight_problems
from ..renderers.diffusion.model_settings import ModelSetup, model_setup
from ..renderers.diffusion.presets import model_table
from ..renderers.diffusion.published import published_memory_gb
from ..renderers.error_text import one_line
from ..renderers.registry import renderer_class, renderer_names
from ..renderers.run.concurrency import free_bytes
from .backend.captions.colour_emoji import colour_font
from .backend.encode.codecs import CODECS, hardware_encoder, software_encoder
from .media.find_ffmpeg import encoder_names, ffmpeg_path, ffmpeg_version
from .media.programs import SYNTHESIZER, find_program
from .packages import Package, packages

ENCODERS = ("libx264", "aac")
"""The encoders that every reel needs."""


def diagnose() -> list[str]:
    """Return a line for each of them, with a hint if it is missing."""
    python, *others = packages()
    card, fault = _card()
    return [
        f"python     {python.installed} ({python.tested}) on {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores",
        *(f"package    {package}{_package_fault(package)}" for package in others),
        f"ffmpeg     {ffmpeg_version()} ({ffmpeg_path()})",
        *(f"encoder    {name}: {_encoder(name)}" for name in ENCODERS),
        *(f"video      {codec}: {_video(codec)}" for codec in CODECS),
        f"emoji      {_emoji()}",
        f"languages  English{_other_languages()}",
        f"device     {fault or _device(card)}",
        *(f"renderer   {name}: {_renderer(name, card)}" for name in renderer_names()),
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


def _emoji() -> str:
    font = colour_font()
    return f"in colour ({font.path})" if font else "outlines; no colour font is installed"


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


def _card() -> tuple[Card | None, str]:
    """Return the GPU; None without one, or without torch; and the error of a broken one."""
    try:
        return find_card(), ""
    except ImportError:
        return None, ""
    except RuntimeError as error:
        return None, f"CPU; the GPU does not work: {one_line(error)[:200]}"


def _device(card: Card | None) -> str:
    if card is not None:
        return str(card)
    return "CPU" if find_spec("torch") else "CPU (torch is not installed)"


def _renderer(name: str, card: Card | None) -> str:
    try:
        renderer_class(name)
    except UnavailableError as error:
        return str(error)
    if name not in model_table():
        return "ready"
    setups = [model_setup(name, {}, quality) for quality in QUALITIES]
    is_here = not any(weight_problems(setup) for setup in setups)
    weights = "" if is_here else f"; weights missing: otio-gvideo models pull {name}"
    fits = _on_cpu(setups[0]) if card is None else fit_text(preset_gb(name, {}), card)
    return f"{fits}{weights}"


def _on_cpu(setup: ModelSetup) -> str:
    """Return what a renderer can do without a GPU."""
    needed, free = published_memory_gb(setup.model), free_bytes() / GB
    if needed > free:
        return f"CPU: not at all (it takes {needed:.1f} GB, and {free:.1f} GB are free)"
    return "CPU: minutes to hours for a second of video"
