"""Transcript: its words and repairs, described for a reader."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from ..errors import InputError, Problem, WorkError
from ..files.path_limits import names_of_file, refuse_unusable
from ..files.protected_files import InputFile, refuse_inputs
from ..media.samples import duration_of
from ..notices import Notice
from ..outputs.paths import write_text
from ..progress_clock import count
from ..speech.align.narration_sound import sound_of
from ..speech.transcripts import read_transcript
from ..speech.transcripts.base import Transcript
from ..speech.transcripts.export import to_whisper_json
from ..speech.transcripts.hallucinated_tail import stock_tail

COLUMNS = 80
MOST_REPAIRS = 200
"""Most repairs that are listed one by one."""


def show_transcript(
    path: Path, audio: Path | None = None, output: Path | None = None
) -> tuple[str, list[Notice]]:
    """Read, repair and describe a transcript.

    Args:
        path: the transcript.
        audio: its recording; finds words past its end or after its last speech.
        output: a file for the repaired words as openai-whisper JSON.

    Returns:
        The description, and warnings.

    Raises:
        InputError: the file is not a transcript, the recording cannot be read, or the output is
            no ``.json`` or would replace one of them.
        WorkError: the output cannot be written.
    """
    if output is not None:
        refuse_unusable(output.absolute().parent, names_of_file(output))
        read = [InputFile(path, "the transcript")]
        read += [InputFile(audio, "the recording of the transcript")] if audio is not None else []
        refuse_inputs([output], read, "give another name with --output")
        if output.suffix.lower() != ".json":
            what = f"the words are written as JSON, not as {output.suffix or output.name}"
            raise InputError(Problem.option("--output", what, f"name it {output.stem}.json"))
    duration = speech = None
    if audio is not None:
        try:
            duration = duration_of(audio)
            speech = sound_of(audio).speech()
        except WorkError as error:
            raise InputError(f"--audio: {error}") from error
    transcript = read_transcript(path, duration, speech)
    shown = describe(transcript, path.name, duration)
    warnings = []
    if transcript.repairs:
        what = f"{path.name}: {count(len(transcript.repairs), 'repair')}"
        warnings.append(Notice("transcript", what))
    if duration is None and stock_tail([word.text for word in transcript.words]):
        what = f"{path.name}: its end may be hallucinated; check it with --audio"
        warnings.append(Notice("transcript", what))
    if output is None:
        return shown, warnings
    write_text(output, to_whisper_json(transcript))
    return f"{shown}\n{output}", warnings


def describe(
    transcript: Transcript, name: str = "transcript", duration: Fraction | None = None
) -> str:
    """Describe a transcript and its repairs, in at most 80 columns.

    Args:
        transcript: repaired.
        name: of the file.
        duration: of the recording in seconds; None if unknown.
    """
    words = transcript.words
    language = f", language {transcript.language}" if transcript.language else ""
    lines = [f"{name}: {transcript.format or 'words'}{language}"]
    if words:
        start, end = words[0].start, words[-1].end
        pace = round(60 * len(words) / (end - start)) if end > start else 0
        heard = f" of {_time(duration)}" if duration is not None else ""
        lines.append(
            f"{count(len(words), 'word')} from {_time(start)} to {_time(end)}{heard}, "
            f"{pace} a minute"
        )
        lines.append(
            "words have their own times"
            if transcript.timed == "word"
            else "only segments have times; word times are interpolated by letters"
        )
    else:
        lines.append("no words")
    invented = stock_tail([word.text for word in words]) if duration is None else ""
    if invented:
        lines.append(f"the end, {invented!r}, is a common hallucination; check it with --audio")
    repairs = transcript.repairs
    if not repairs:
        return _wrapped([*lines, "no repairs"])
    lines.append(f"{count(len(repairs), 'repair')}:")
    lines += [f"  {repair.place}: {repair.what}" for repair in repairs[:MOST_REPAIRS]]
    if len(repairs) > MOST_REPAIRS:
        lines.append(f"  and {len(repairs) - MOST_REPAIRS} more")
    return _wrapped(lines)


def _wrapped(lines: Iterable[str]) -> str:
    return "\n".join(
        textwrap.fill(
            line.lstrip(),
            COLUMNS,
            initial_indent=line[: len(line) - len(line.lstrip())],
            subsequent_indent=" " * (4 if line.startswith(" ") else 2),
        )
        for line in lines
    )


def _time(seconds: Fraction) -> str:
    return f"{float(seconds):.3f}".rstrip("0").rstrip(".") + " s"
