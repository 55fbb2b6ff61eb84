"""Decode text files of any program: UTF-8 with or without a byte order mark (BOM), or UTF-16.

PowerShell 5 redirects output as UTF-16 with a BOM; Praat and Notepad also write it.
"""

from __future__ import annotations

import codecs

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_of(content: bytes) -> str:
    """Detect ``utf-8-sig``, which also decodes text without a BOM, or UTF-16 with or without BOM.

    >>> encoding_of("a".encode("utf-16")), encoding_of(b"a")
    ('utf-16', 'utf-8-sig')
    """
    if content.startswith(UTF16_MARKS):
        return "utf-16"
    # Some programs omit the BOM; all formats here begin with an ASCII letter.
    if content[:1] == b"\0" and content[1:2] not in (b"\0", b""):
        return "utf-16-be"
    if content[1:2] == b"\0" and content[:1] != b"\0":
        return "utf-16-le"
    return "utf-8-sig"


def decode(content: bytes, errors: str = "strict") -> str:
    """Decode a whole file.

    Args:
        content: of the file.
        errors: handler of invalid bytes, as in `bytes.decode`; in UTF-16 all but ``strict`` replace
            them.

    Raises:
        UnicodeDecodeError: with ``strict``, for invalid bytes.
    """
    encoding = encoding_of(content)
    if errors not in ("strict", "replace") and encoding != "utf-8-sig":
        errors = "replace"
    return content.decode(encoding, errors)


def unix_lines(text: str) -> str:
    r"""Return text with ``\n`` line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
