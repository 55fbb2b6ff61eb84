"""Warnings with stable codes, and the table of the codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        "sync": "words were not found, are uncertain, belong to no scene, or were moved by an edit",
        "transcript": "a transcript was repaired, or is doubtful",
        "captions": "there are no words to show, captions are hard to read, or emoji have no room",
        "font": "a font is not installed, or lacks glyphs",
        "cover": "the frame of the cover is not in the edited reel",
        "platform": "the reel does not suit the platform that its script names",
        "resolution": "a still is enlarged more than five times",
        "transition": "a transition is shortened, replaced or left out, or clashes with another",
        "unsupported": "a renderer does not support a setting of the script",
        "prompt": "a language model wrote no usable prompt; the described one is used",
        "fallback": "a model's video stands still, or a fallback renderer made it",
        "unavailable": "a renderer cannot run here and was left out",
        "missing": "media are missing: a slate, a still, a gap or silence replaces them",
        "range": "a clip's source range exceeds its media, or a clip is shorter than its scene",
        "effect": "an effect, a generator, an item or a track is not supported",
        "format": "the file format cannot express something, or lost it",
        "sound": "audio is missing, is cut off, or ends early",
        "encoder": "the requested encoder is not available; another one was used",
        "outside": "a file from outside the project was packed",
        "unsigned": "the timeline was compiled to be signed, and the video is not",
        "edited": "an edited or foreign file was renamed and kept",
        "damaged": "a stored file failed its hash check; it is made again if its recipe is known",
        "unrendered": "slots have no rendered video yet",
        "reel": "the finished reel does not match the timeline",
        "draft": "a drafted script contains guesses, or leaves something out",
        "browser": "no web browser opened the page, or answering it failed",
    }
)
"""Meanings by code. Codes are stable: scripts and CI jobs use them."""


_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def escape_controls(text: str) -> str:
    r"""Escape line breaks and other control characters, which names of files may have.

    >>> escape_controls("two\nlines.wav: is silent")
    'two\\nlines.wav: is silent'
    """
    return _CONTROLS.sub(lambda found: repr(found[0])[1:-1], text)


class Notice(str):
    """A one-line warning with a code of `CODES`.

    >>> Notice("sync", "storm: 'came' was not heard in it").coded
    "storm: 'came' was not heard in it [sync]"
    """

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> Notice:  # noqa: D102
        if code not in CODES:
            raise ValueError(f"{code!r} is not in the table of codes")
        notice = super().__new__(cls, escape_controls(" ".join(text.splitlines())))
        notice.code = code
        return notice

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return self.code, str(self)

    @property
    def coded(self) -> str:
        """The text with its code, as in the terminal and in ``report.json``."""
        return f"{self} [{self.code}]"


def notices(code: str, lines: Iterable[str]) -> list[Notice]:
    """Return lines as notices with a code; notices keep theirs."""
    return [line if isinstance(line, Notice) else Notice(code, line) for line in lines]


def parse_notice(line: str, code: str) -> Notice:
    """Parse a line of `Notice.coded`; lines without a code get ``code``."""
    found = re.fullmatch(r"(.*) \[([a-z]+)\]", line, re.DOTALL)
    if found and found[2] in CODES:
        return Notice(found[2], found[1])
    return Notice(code, line)


def waiting(slots: int, timeline: str) -> Notice:
    """Return the warning that some slots have no video yet.

    >>> waiting(3, "reel.otio")
    '3 slots wait for video (otio-gvideo render reel.otio)'
    """
    who = f"{slots} slots wait" if slots > 1 else "1 slot waits"
    return Notice("unrendered", f"{who} for video (otio-gvideo render {timeline})")


def failure(warnings: Iterable[Notice], codes: Iterable[str]) -> str:
    """Return the one-line error for warnings with some codes; empty if there are none.

    >>> failure([Notice("sync", "a"), Notice("font", "b"), Notice("sync", "c")], ["sync"])
    '2 warnings count as errors (sync)'
    """
    wanted = frozenset(codes)
    found = [warning.code for warning in warnings if warning.code in wanted]
    if not found:
        return ""
    is_one = len(found) == 1
    count = "1 warning counts as an error" if is_one else f"{len(found)} warnings count as errors"
    return f"{count} ({', '.join(dict.fromkeys(found))})"
