"""Options of the finished video: a preset of the configuration, with overrides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from ...renderers.image.saliency import saliency
from ..backend.encode.codecs import hardware_encoder
from ..backend.encode.encoder import Encoding
from ..backend.encode.transitions import TransitionStyle, check_expression
from ..backend.flatten import OutputFile
from ..backend.mux.mux import Preview, refuse_too_small
from ..errors import InputError, Problem
from ..media.mono_samples import duration_of
from ..notices import Notice
from ..provenance.credentials import Credentials
from ..script.config import Config, OutputPreset
from ..script.model import Script
from ..script.schema_check import nearest
from .signing import credentials_of


@dataclass(frozen=True, slots=True)
class Finishing:
    """Options of the finished video.

    Attributes:
        preset: by name; empty for the configuration's.
        sizes: width and height of each file; empty for the preset's, else the timeline's.
        reframe: ``centre`` or ``salient``; None for the preset's, else salient with sizes.
        max_mb: size limit of a file in megabytes; None for the preset's.
        allow_missing: accept slates and silence for missing media.
        allow_network: download media with http and https URLs.
        keep_segments: store encoded segments for the next run.
        clip_sound_db: level of the audio of video clips; None for the timeline's, else none.
    """

    preset: str = ""
    sizes: tuple[tuple[int, int], ...] = ()
    reframe: str | None = None
    max_mb: float | None = None
    allow_missing: bool = False
    allow_network: bool = False
    keep_segments: bool = True
    clip_sound_db: float | None = None


PLAIN = Finishing()
"""The configuration's preset at the timeline's size."""


@dataclass(frozen=True, slots=True)
class FlattenPlan:
    """Resolved options: the kind of file, sizes, credentials, and warnings about the choice."""

    output: OutputFile
    sizes: tuple[tuple[int, int], ...]
    style: TransitionStyle
    warnings: tuple[Notice, ...]
    credentials: Credentials | None = None


def refuse_too_long(plan: FlattenPlan, script: Script) -> None:
    """Reject a size limit below the smallest video of a script, before alignment.

    With tightened pauses the duration is not known yet, and nothing is rejected.

    Raises:
        InputError: the limit is too small.
    """
    most_bytes = plan.output.most_bytes
    if most_bytes is None or script.silences.policy == "tighten":
        return
    voices = [script.narration, *(scene.narration for scene in script.scenes)]
    seconds = sum((duration_of(voice.audio) for voice in voices if voice), Fraction(0))
    seconds += sum((scene.duration or Fraction(0) for scene in script.scenes), Fraction(0))
    refuse_too_small(most_bytes, 0, seconds, script.path.name)


def plan_of(config: Config, finishing: Finishing) -> FlattenPlan:
    """Resolve and check options.

    Raises:
        InputError: the preset, an expression or the credentials are unknown or unusable.
    """
    name = finishing.preset or config.preset
    if name and name not in config.presets:
        what, hint = f"there is no preset {name!r}", nearest(name, list(config.presets))
        raise InputError(
            Problem.option("--preset", what, hint)
            if finishing.preset
            else config.problem(("preset",), what, hint)
        )
    problems = []
    for own, expression in config.expressions.items():
        trouble = check_expression(expression)
        if trouble:
            path = ("transitions", "expressions", own)
            problems.append(config.problem(path, trouble))
    if problems:
        raise InputError(problems)
    style = TransitionStyle(config.expressions, config.linear_light)
    if not name:
        encoder = config.encoder
        preset = OutputPreset("h264", encoder.preset, encoder.crf)
    else:
        preset = config.presets[name]
    output, warnings = _output(config, name, preset)
    sizes = finishing.sizes or preset.sizes
    megabytes = finishing.max_mb or preset.max_mb
    if megabytes is not None and (output.preview or output.encoding.codec not in _TWO_PASS):
        kinds = ", ".join(_TWO_PASS)
        raise InputError(f"only {kinds} can be fitted into a size, not {preset.codec}")
    reframe = finishing.reframe or preset.reframe or ("salient" if sizes else "centre")
    output = replace(
        output,
        most_bytes=None if megabytes is None else int(megabytes * 1_000_000),
        salience=saliency if reframe == "salient" else None,
    )
    return FlattenPlan(output, sizes, style, warnings, credentials_of(config))


_TWO_PASS = ("h264", "hevc")


def _output(
    config: Config, name: str, preset: OutputPreset
) -> tuple[OutputFile, tuple[Notice, ...]]:
    if preset.codec in ("gif", "webp"):
        preview = Preview(preset.codec)
        preview = replace(
            preview, height=preset.height or preview.height, fps=preset.fps or preview.fps
        )
        return OutputFile(preview=preview), ()
    warnings: tuple[Notice, ...] = ()
    encoder = ""
    if preset.hardware != "none" and preset.codec != "prores":
        encoder = hardware_encoder(preset.codec, preset.hardware)
        if not encoder and preset.hardware != "auto":
            what = f"{preset.hardware} cannot encode {preset.codec} here; software does it"
            warnings = (Notice("encoder", what),)
    try:
        encoding = Encoding(preset.codec, preset.speed, preset.crf, encoder)
        encoding.program  # noqa: B018 - raises where there is none
    except InputError as error:
        path = ("presets", name) if name else ("encoder",)
        raise InputError(config.problem(path, error.problems[0].what)) from error
    return OutputFile(encoding), warnings
