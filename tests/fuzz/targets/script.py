"""A script, checked and resolved."""

from __future__ import annotations

from pathlib import Path

from otio_gvideo.compiler.script.read_script import load_script

from .. import mutators
from ..media import put_media

SUFFIX = ".yaml"

mutate = mutators.one_of(*[mutators.mutate_text] * 4, mutators.mutate_bytes)

SMALL = b"""\
version: 1
title: "A light: one"
output: {width: 108, height: 192, fps: 24, loudness: -14}
music: {audio: sound.wav, gain_db: -12.5, duck_db: 10, fade_in: 0.5, end_on: bar, bpm: 120}
captions: {style: word, font: Rubik, safe_area: {top: 0.1}}
defaults: {transition: {type: dissolve, duration: 0.5}, quality: draft}
scenes:
  - id: dusk
    text: |
      At the edge of the sea.
    narration: {audio: sound.wav, transcript: a.json, language: en}
    keyframe: still.png
    motion: {camera: push_in, amount: 0.2, focus: [0.5, 0.25]}
  - id: breath
    duration: 1.0
    keyframes: [{image: still.png, at: start}, {image: still.png, at: 50%}]
    sounds: [{audio: sound.wav, at: 0.5, gain_db: -3, fade_out: 0.1}]
    transition: {type: cut}
"""
PLAIN = b"""\
version: 1
scenes:
- {duration: 2, keyframe: still.png}
- {duration: 3, keyframe: still.png}
"""
ANCHORS = b"""\
version: 1
scenes:
- &a {duration: 2, keyframe: still.png, motion: &m {camera: static}}
- *a
- {duration: 3, keyframe: still.png, motion: *m}
"""


def crashes() -> dict[str, bytes]:
    return {
        "deep flow": b"a: " + b"[" * 100_000,
        "deep blocks": b"".join(b" " * n + b"-\n" for n in range(3000)),
        "deep keys": b"? " * 20_000 + b"a",
        "aliases of aliases": aliases(30),
        "an alias of itself": b"a: &a [*a, *a]\n",
        "a long integer": b"version: " + b"9" * 1_000_000,
        "a long decimal": b"version: 0." + b"9" * 1_000_000,
        "many keys": b"".join(b"k%d: 1\n" % n for n in range(100_000)),
    }


def aliases(levels: int) -> bytes:
    """Return a document that expands to 10 ** levels values."""
    lines = [f"a0: &a0 [{', '.join(['x'] * 10)}]"]
    for n in range(levels):
        lines.append(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]")
    return "\n".join(lines).encode()


def seeds() -> list[bytes]:
    # Opening sound files takes longest.
    silent = b"\n".join(line for line in SMALL.splitlines() if b"sound.wav" not in line)
    return [SMALL, PLAIN, ANCHORS, silent]


def read(path: Path) -> None:
    put_media(path.parent)
    path.with_name("a.json").touch()
    load_script(path)
