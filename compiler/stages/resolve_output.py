"""Resolve output options against the configuration and this machine's encoders."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any, get_args

from ...renderers.image.saliency import saliency
from ..backend.encode.codecs import hardware_encoder
from ..backend.encode.custom_transitions import check_expression
from ..backend.encode.encoder_settings import Encoding
from ..backend.encode.transitions import TransitionStyle
from ..backend.mux.preview import Preview
from ..backend.mux.size_limit import refuse_too_small
from ..backend.output_spec import OutputSpec, refuse_size
from ..errors import InputError, Problem
from ..media.samples import duration_of
from ..notices import Notice
from ..script.config import Config, OutputPreset
from ..script.model import Script
from ..script.shown_values import nearest
from .output_options import OutputOptions, Reframe

_QUIETEST_DB, _LOUDEST_DB = -96, 24
"""Levels of picture clips' own sound."""
_TWO_PASS = ("h264", "hevc")
"""Codecs with a size limit."""


def resolve_output(config: Config, options: OutputOptions) -> OutputSpec:
    """Return the files to make, from a preset and the options that override it.

    Raises:
        InputError: the preset does not exist; or it, an option or an expression is invalid.
    """
    name = options.preset or config.preset
    preset = _preset(config, name, is_option=bool(options.preset))
    _check_expressions(config)
    sizes = options.sizes or preset.sizes
    for size in sizes:
        _refuse_no_size(size)
        refuse_size(size)
    if options.max_mb is not None and not 0 < options.max_mb < math.inf:
        what = f"'{options.max_mb}' is not a number of megabytes, as in 50"
        raise InputError(Problem.option("--max-size", what))
    level = options.clip_sound_db
    if level is not None and not _QUIETEST_DB <= level <= _LOUDEST_DB:
        what = f"{level:g} dB is no level; give {_QUIETEST_DB} to {_LOUDEST_DB}"
        raise InputError(Problem.option("--clip-sound", what))
    max_mb = preset.max_mb if options.max_mb is None else options.max_mb
    spec = OutputSpec(
        sizes=sizes,
        max_bytes=None if max_mb is None else int(max_mb * 1_000_000),
        transitions=TransitionStyle(config.expressions, config.linear_light),
        clip_sound_db=options.clip_sound_db,
        allow_missing=options.allow_missing,
        allow_network=options.allow_network,
        keep_segments=options.keep_segments,
    )
    if preset.codec in ("gif", "webp"):
        default = Preview(preset.codec)
        height, fps = preset.height or default.height, preset.fps or default.fps
        spec = replace(spec, preview=Preview(preset.codec, height, fps))
    else:
        encoding, warnings = _encoding(config, name, preset)
        spec = replace(spec, encoding=encoding, warnings=warnings)
    if max_mb is not None and preset.codec not in _TWO_PASS:
        what = f"only {' and '.join(_TWO_PASS)} can be limited in size, not {preset.codec}"
        raise InputError(Problem.option("--max-size", what))
    reframe = options.reframe or preset.reframe or ("salient" if sizes else "centre")
    if reframe not in get_args(Reframe):
        raise InputError(f"reframe {reframe!r} is not one of {', '.join(get_args(Reframe))}")
    return replace(spec, salience=saliency) if reframe == "salient" else spec


def refuse_too_long(spec: OutputSpec, script: Script) -> None:
    """Reject a size limit that the least picture of a script exceeds, before any alignment.

    Tightened pauses shorten the reel by an unknown amount: such scripts are accepted here.

    Raises:
        InputError: the limit is too small.
    """
    if spec.max_bytes is None or script.silences.policy == "tighten":
        return
    voices = [script.narration, *(scene.narration for scene in script.scenes)]
    length_s = sum((duration_of(voice.audio) for voice in voices if voice), Fraction(0))
    length_s += sum((scene.duration or Fraction(0) for scene in script.scenes), Fraction(0))
    refuse_too_small(spec.max_bytes, 0, length_s, script.path.name)


def _refuse_no_size(size: Any) -> None:
    """Reject what a Python caller gave in place of a width and a height."""
    is_pair = isinstance(size, tuple | list) and len(size) == 2
    if not (is_pair and all(isinstance(side, int) for side in size)):
        what = f"{size!r} is not a size in even pixels, as in 1080x1920"
        raise InputError(Problem.option("--size", what))


def _preset(config: Config, name: str, *, is_option: bool) -> OutputPreset:
    if not name:
        return OutputPreset("h264", config.encoder.preset, config.encoder.crf)
    if name not in config.presets:
        what, hint = f"{name!r} is not a preset", nearest(name, list(config.presets))
        raise InputError(
            Problem.option("--preset", what, hint)
            if is_option
            else config.problem(("preset",), what, hint)
        )
    return config.presets[name]


def _check_expressions(config: Config) -> None:
    """Reject custom transitions that ffmpeg cannot evaluate."""
    problems = [
        config.problem(("transitions", "expressions", name), trouble)
        for name, expression in config.expressions.items()
        if (trouble := check_expression(expression))
    ]
    if problems:
        raise InputError(problems)


def _encoding(
    config: Config, name: str, preset: OutputPreset
) -> tuple[Encoding, tuple[Notice, ...]]:
    """Return the encoding of a preset, with a hardware encoder if requested and available."""
    warnings: tuple[Notice, ...] = ()
    encoder = ""
    if preset.hardware != "none" and preset.codec != "prores":
        encoder = hardware_encoder(preset.codec, preset.hardware)
        if not encoder and preset.hardware != "auto":
            what = (
                f"{preset.hardware} cannot encode {preset.codec} here; a software encoder is used"
            )
            warnings = (Notice("encoder", what),)
    try:
        encoding = Encoding(preset.codec, preset.speed, preset.crf, encoder)
        encoding.program  # noqa: B018 - raises if this ffmpeg has no encoder
    except InputError as error:
        path = ("presets", name) if name else ("encoder",)
        raise InputError(config.problem(path, error.problems[0].what)) from error
    return encoding, warnings
