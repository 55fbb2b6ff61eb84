"""A target that fails in every possible way, to test the runner."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from otio_gvideo.compiler.errors import InputError

SUFFIX = ".txt"
SECONDS = 1


def seeds() -> list[bytes]:
    return [b"refuse", b"raise", b"recurse", b"hang", b"memory", b"abort", b"exit"]


def mutate(data: bytes, _rng: random.Random) -> bytes:
    return data


def read(path: Path) -> None:
    match path.read_text():
        case "raise":
            raise KeyError("x")
        case "recurse":
            read(path)
        case "hang":
            time.sleep(60)
        case "memory":
            bytes(2 << 30)
        case "abort":
            os.abort()
        case "exit":
            os._exit(3)
        case "refuse":
            raise InputError("refused")
