"""Locate PocketSphinx's acoustic model of US English in the packages that carry it.

`SpeechRecognition` is pure Python and has the same model as `pocketsphinx`, with a dictionary that
lacks 1,400 rare words; `pocketsphinx` lacks wheels for some Pythons and systems. Neither package is
imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ...errors import WorkError

HELP = "pip install SpeechRecognition, which carries one"
"""How to install the model."""
_PLACES = (
    (
        "speech_recognition",
        "pocketsphinx-data/en-US/acoustic-model",
        "pocketsphinx-data/en-US/pronounciation-dictionary.dict",
    ),
    ("pocketsphinx", "model/en-us/en-us", "model/en-us/cmudict-en-us.dict"),
)
"""Module, and in its folder the model's folder and the dictionary."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The model's folder, the CMU Pronouncing Dictionary, and the module that carries them."""

    acoustic: Path
    dictionary: Path
    module: str


@cache
def find_model() -> ModelFiles | None:
    """Return the model's files, or None if neither package is installed."""
    for module, acoustic, dictionary in _PLACES:
        spec = find_spec(module)
        for folder in map(Path, (spec and spec.submodule_search_locations) or ()):
            found = ModelFiles(folder / acoustic, folder / dictionary, module)
            if (found.acoustic / "mdef").is_file() and found.dictionary.is_file():
                return found
    return None


def model_files() -> ModelFiles:
    """Return the model's files.

    Raises:
        WorkError: neither package is installed.
    """
    found = find_model()
    if found is None:
        raise WorkError(f"there is no acoustic model of English here; {HELP}")
    return found
