"""Warnings with stable codes, and the table of the codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        "sync": "words were not heard, are doubtful, or are said where no scene shows them",
        "transcript": "a timing file was repaired, or is doubtful",
        "captions": "captions are asked for, and there are no words to show",
        "font": "a font is not installed, or lacks letters",
        "resolution": "a still is enlarged more than five times",
        "transition": "a transition is shortened, replaced or left out",
        "unsupported": "a renderer cannot do what the script asks of it",
        "fallback": "a model's video stands still, or another renderer made it",
        "unavailable": "a renderer cannot run here and was left out",
        "missing": "media are missing: a slate, a still, a gap or silence stands in",
        "range": "a clip shows or plays more than its media hold",
        "effect": "an effect, a generator, an item or a track cannot be shown or played",
        "format": "the format cannot hold it, or did not",
        "sound": "sound is missing, is cut off, or ends early",
        "encoder": "another encoder than the one asked for was used",
        "outside": "a file from outside the project was packed",
        "unsigned": "the timeline was compiled to be signed, and the video is not",
        "edited": "a file that was edited, or was somebody's, was set aside",
        "damaged": "a stored file failed its hash; it is made again where its recipe is known",
        "unrendered": "slots wait for video",
        "reel": "the finished reel is not that of the timeline",
        "draft": "a draft of a script guesses, or leaves something out",
        "browser": "no web browser opened the page",
    }
)
"""What each code stands for. Codes are stable: scripts and CI jobs name them."""


class Notice(str):
    """A warning in one line of text, with a code of `CODES`.

    >>> Notice("sync", "storm: 'came' was not heard in it").coded
    "storm: 'came' was not heard in it [sync]"
    """

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> Notice:  # noqa: D102
        if code not in CODES:
            raise ValueError(f"{code!r} is not in the table of codes")
        notice = super().__new__(cls, " ".join(text.splitlines()))
        notice.code = code
        return notice

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return self.code, str(self)

    @property
    def coded(self) -> str:
        """The text with its code, as terminals and ``report.json`` have it."""
        return f"{self} [{self.code}]"


def notices(code: str, lines: Iterable[str]) -> list[Notice]:
    """Return lines as notices of a code; those that have a code keep it."""
    return [line if isinstance(line, Notice) else Notice(code, line) for line in lines]


def parsed(line: str, code: str) -> Notice:
    """Return the notice of a line that `Notice.coded` wrote; other lines get ``code``."""
    found = re.fullmatch(r"(.*) \[([a-z]+)\]", line, re.DOTALL)
    if found and found[2] in CODES:
        return Notice(found[2], found[1])
    return Notice(code, line)


def failure(warnings: Iterable[Notice], codes: Iterable[str]) -> str:
    """Return the error over warnings of some codes, in one line; empty if there are none.

    >>> failure([Notice("sync", "a"), Notice("font", "b"), Notice("sync", "c")], ["sync"])
    '2 warnings count as errors (sync)'
    """
    wanted = frozenset(codes)
    found = [warning.code for warning in warnings if warning.code in wanted]
    if not found:
        return ""
    count = (
        "1 warning counts as an error"
        if len(found) == 1
        else (f"{len(found)} warnings count as errors")
    )
    return f"{count} ({', '.join(dict.fromkeys(found))})"
