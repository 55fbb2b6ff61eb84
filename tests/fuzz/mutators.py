"""Changed copies of files: of bytes, of text, of JSON and of XML.

Every mutator takes a file and a random generator, and returns other bytes; it accepts any
bytes.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any, TypeAlias

Mutator: TypeAlias = Callable[[bytes, random.Random], bytes]

NUMBERS = (
    *("0", "-1", "1", "-0.0", "0.5", "1e-9", "1e-320", "2147483648", "4294967296", "-2147483649"),
    *("9223372036854775807", "9223372036854775808", "1e17", "1e300", "-1e300", "1e309", "NaN"),
    *("Infinity", "-Infinity", "1e999999999", "1e-999999999", "9" * 5000, "1" + "0" * 400, "1/0"),
    *("0x10", "1_0", "١", "²", "10000000", "1000000000", "29.97", "0.0000001"),
)
"""Unusual numbers, as text."""
WORDS = (
    *("", " ", "\0", "\\u0000", "\\ud800", "\ufeff", "\u202e", "\u2028", "é", "𝄞", "null", "true"),
    *("a" * 300, "a" * 70_000, "..", "../../etc/passwd", "/dev/zero", "/dev/stdin", "/", "CON"),
    *("file:///etc/passwd", "http://127.0.0.1:9/x", "file://host/share", "%00", "%", "%s", "{}"),
    *("https://[", "file://[::1", "\\\\server\\share", "-", "--help", "|ls", "$(id)", "\t", "\r"),
    *("C:\\x", "concat:a|b", "&amp;", "]]>", "'", '"', "<", "[", "{", "~", "@", "`", "*a", "&a"),
)
"""Unusual text."""
DEPTHS = (20, 65, 300, 1100, 3000, 100_000)


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flip bits, cut, splice, repeat and overwrite."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        size = len(changed)
        if not size:
            return rng.randbytes(rng.randrange(64))
        at, other = rng.randrange(size), rng.randrange(size)
        first, last = sorted((at, other))
        last = min(last, first + rng.choice((1, 8, 64, 4096)))
        match rng.randrange(8):
            case 0 | 1:
                changed[at] ^= 1 << rng.randrange(8)
            case 2:
                changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 3:
                del changed[at:]
            case 4:
                del changed[first:last]
            case 5:
                changed[at:at] = changed[first:last] * rng.choice((1, 1, 2, 50))
            case 6:
                width = rng.choice((2, 4, 8))
                value = rng.choice((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, -1))
                order = rng.choice(("big", "little"))
                bits = (value & ((1 << 8 * width) - 1)).to_bytes(width, order)  # type: ignore[arg-type]
                changed[at : at + width] = bits
            case 7:
                changed[at:at] = rng.randbytes(rng.choice((1, 4, 32)))
    return bytes(changed)


def mutate_text(data: bytes, rng: random.Random) -> bytes:
    """Replace numbers and words, and delete, repeat, swap and indent lines."""
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        text = rng.choice((_other_number, _other_number, _other_word, _other_lines))(text, rng)
    return text.encode("utf-8", "surrogatepass" if "\ud800" in text else "surrogateescape")


def mutate_json(data: bytes, rng: random.Random) -> bytes:
    """Replace, delete, repeat, move and nest values of a JSON document, and repeat keys."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return mutate_text(data, rng)
    raw: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        document = _other_value(document, rng, raw)
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    for number, written in enumerate(raw):
        text = text.replace(f'"@raw {number}@"', written)
    if rng.random() < 0.15:
        text = _repeated_key(text, rng)
    return text.encode("utf-8", "surrogatepass")


def mutate_xml(data: bytes, rng: random.Random) -> bytes:
    """Change attributes and contents of elements; delete, repeat and nest elements."""
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        match rng.randrange(7):
            case 0 | 1:
                text = _replaced(r'(?<==")[^"<>]*(?=")', text, rng, _written(rng))
            case 2 | 3:
                text = _replaced(r"(?<=>)[^<>\n]+(?=<)", text, rng, _written(rng))
            case 4:
                text = _replaced(r'\s[\w:-]+="[^"]*"', text, rng, "")
            case 5:
                text = _replaced(r"<(\w+)\b[^<>]*(/>|>[^<>]*</\1>)", text, rng, "")
            case 6:
                found = _found(r"<(\w+)\b[^<>]*(/>|>[^<>]*</\1>)", text, rng)
                if found:
                    depth = rng.choice(DEPTHS[:-1])
                    inner = rng.choice((found[0] * 3, "<a>" * depth + found[0] + "</a>" * depth))
                    text = text[: found.start()] + inner + text[found.end() :]
    return text.encode("utf-8", "surrogateescape")


def one_of(*mutators: Mutator) -> Mutator:
    """Return a mutator that picks one of several."""

    def mutate(data: bytes, rng: random.Random) -> bytes:
        return rng.choice(mutators)(data, rng)

    return mutate


def _written(rng: random.Random) -> str:
    return rng.choice((*NUMBERS, *WORDS)).replace("&", "&amp;").replace("<", "&lt;")


def _found(pattern: str, text: str, rng: random.Random) -> re.Match[str] | None:
    """Return one of the first matches after a random position, else from the beginning."""
    search = re.compile(pattern).search
    return search(text, rng.randrange(len(text) + 1)) or search(text)


def _replaced(pattern: str, text: str, rng: random.Random, new: str) -> str:
    found = _found(pattern, text, rng)
    return text[: found.start()] + new + text[found.end() :] if found else text


def _other_number(text: str, rng: random.Random) -> str:
    return _replaced(r"-?\d[\d.]*", text, rng, rng.choice(NUMBERS))


def _other_word(text: str, rng: random.Random) -> str:
    return _replaced(r"[^\W\d]+", text, rng, rng.choice(WORDS))


def _other_lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines[at:at] = [lines[other]] * rng.choice((1, 2, 100))
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = " " * rng.choice((1, 2, 5)) + lines[at]
        case 4:
            lines[at] = lines[at].lstrip()
        case 5:
            added = rng.choice(("[", "{", "- ", *WORDS))
            lines[at] += rng.choice(("", " ")) + added * (
                rng.choice((1, 1, 100)) if len(added) < 400 else 1
            )
    return "\n".join(lines)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Yield every container of a document with each of its keys or indices."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            found += [(here, key) for key in here]
            waiting += here.values()
        elif isinstance(here, list):
            found += [(here, index) for index in range(len(here))]
            waiting += here
    return found


def _other_value(document: Any, rng: random.Random, raw: list[str]) -> Any:
    """Change one value of a document; values that JSON lacks go into ``raw``."""
    holder = {"": document}
    places = [(holder, ""), *_places(document)]
    numbers = [(held, key) for held, key in places if _is_number(held[key])]
    held, key = rng.choice(numbers if numbers and rng.random() < 0.4 else places)
    old = held[key]
    match rng.randrange(8) if not _is_number(old) else rng.choice((0, 0, 0, 0, 0, 1, 2, 4)):
        case 0:
            held[key] = _as_raw(rng.choice(NUMBERS), raw)
        case 1:
            word = rng.choice(WORDS)
            held[key] = "\ud800" if word == "\\ud800" else word
        case 2:
            held[key] = rng.choice((None, True, False, [], {}, [[]], {"": None}, [None], 0.5))
        case 3:
            del held[key]
        case 4:
            deep = rng.choice(DEPTHS)
            opening, closing = rng.choice((("[", "]"), ('{"a":', "}")))
            held[key] = _as_raw(opening * deep + "1" + closing * deep, raw)
        case 5:
            other, there = rng.choice(places)
            if other is not holder and not (isinstance(other, list) and there >= len(other)):
                held[key] = json.loads(json.dumps(other[there])) if there in other else None
        case 6 if isinstance(old, list) and old:
            held[key] = old * rng.choice((2, 50)) if len(old) < 50 else old[:1]
        case 6:
            held[key] = [old]
        case 7 if isinstance(held, dict) and held is not holder:
            held[rng.choice(WORDS)] = held.pop(key)
        case 7:
            held[key] = str(old)
    return holder.get("")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_raw(written: str, raw: list[str]) -> str:
    raw.append(written)
    return f"@raw {len(raw) - 1}@"


def _repeated_key(text: str, rng: random.Random) -> str:
    found = _found(r'"[^"\\]*": (?=["\d])', text, rng)
    if found is None:
        return text
    again = found[0] + rng.choice(("0", '""', "[]")) + ", "
    return text[: found.start()] + again + text[found.start() :]
