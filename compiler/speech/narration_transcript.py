"""The transcript that a script's narration names, or that speech recognition makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ...renderers.files.user_folders import cache_folder
from ..errors import Problem
from ..script.model import Narration
from ..sync.types import Interval

if TYPE_CHECKING:
    from .transcripts import Transcript


def transcript_of(
    narration: Narration,
    duration: Fraction,
    speech: Callable[[], Sequence[Interval]],
    on_progress: Callable[[float], None] | None,
) -> Transcript | None:
    """Read or recognise the transcript of a narration; None if it has none.

    Args:
        narration: of a script.
        duration: of its voice file, in seconds.
        speech: returns that of the voice file, by energy.
        on_progress: of recognition, called with 0..1.

    Raises:
        InputError: the transcript cannot be read.
        WorkError: recognition failed.
    """
    if narration.asr is not None:
        from .transcripts.asr import transcribe  # noqa: PLC0415 - seldom needed

        return transcribe(
            narration.audio,
            narration.asr.engine,
            narration.asr.model,
            narration.language,
            cache=cache_folder() / "transcripts",
            on_progress=on_progress,
        )
    if narration.transcript is not None:
        from .transcripts import read_transcript  # noqa: PLC0415 - seldom needed

        is_trusted = narration.align == "transcript"
        return read_transcript(narration.transcript, duration, None if is_trusted else speech())
    return None


def in_script(problem: Problem, narration: Narration, folder: Path) -> Problem:
    """Move a transcript's problem to the line of the script that names the transcript.

    The message begins with the transcript's path relative to ``folder``, and the place in it.
    """
    place = narration.place
    if place is None:
        return problem
    what = problem.what
    if narration.transcript is not None:
        path = narration.transcript
        name = path.relative_to(folder) if path.is_relative_to(folder) else path
        what = str(replace(problem, file=str(name), hint=""))
    return Problem.at(place, what, problem.hint)
