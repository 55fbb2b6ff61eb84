"""A small still and a small sound for the files under test."""

from __future__ import annotations

import wave
from pathlib import Path

from PIL import Image

STILL, SOUND = "still.png", "sound.wav"


def put_media(folder: Path) -> None:
    """Write both into a folder, unless they exist."""
    if not (folder / STILL).exists():
        Image.new("RGB", (16, 16)).save(folder / STILL)
    if not (folder / SOUND).exists():
        with wave.open(str(folder / SOUND), "wb") as sound:
            sound.setparams((1, 2, 48000, 0, "NONE", ""))
            sound.writeframes(bytes(2 * 48000 * 3))
