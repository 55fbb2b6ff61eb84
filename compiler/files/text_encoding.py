"""Text that people bring, whatever program saved it: UTF-8 with or without a mark, or UTF-16.

PowerShell 5 writes UTF-16 with a mark where output is sent into a file; Praat and Notepad do too.
"""

from __future__ import annotations

import codecs

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_of(content: bytes) -> str:
    """The name of the encoding of some bytes: ``utf-8-sig``, which takes text without a mark too,
    or UTF-16 with or without one.

    >>> encoding_of("a".encode("utf-16")), encoding_of(b"a")
    ('utf-16', 'utf-8-sig')
    """
    if content.startswith(UTF16_MARKS):
        return "utf-16"
    # Programs forget the mark; text begins with a letter of ASCII wherever it is read here.
    if content[:1] == b"\0" and content[1:2] not in (b"\0", b""):
        return "utf-16-be"
    if content[1:2] == b"\0" and content[:1] != b"\0":
        return "utf-16-le"
    return "utf-8-sig"


def decode(content: bytes, errors: str = "strict") -> str:
    """Bytes as text.

    Args:
        content: a whole file.
        errors: the error handler of `bytes.decode` for invalid bytes; in UTF-16 they are
            replaced, unless errors are to be raised.

    Raises:
        UnicodeDecodeError: with ``strict``, bytes are no text.
    """
    encoding = encoding_of(content)
    if errors not in ("strict", "replace") and encoding != "utf-8-sig":
        errors = "replace"
    return content.decode(encoding, errors)


def unix_lines(text: str) -> str:
    r"""Text whose lines end in ``\n``, as nothing else does."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
