"""Prompts that a language model writes from the described ones, cached by content.

An answer depends on the model, the instruction and the described prompt, and is cached under their
hash in the user's cache. It is part of the recipe, so a film is rendered again without the model.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import astuple, replace
from pathlib import Path
from types import MappingProxyType

from ..base import Shot
from ..files.digest import file_digest
from ..files.user_folders import cache_folder
from ..files.verified_json import read_verified, write_verified
from .diffusion_renderer import DiffusionRenderer
from .language_model import Answer, LanguageModel
from .local_weights import local_folder, path_here
from .prompt import PromptShape, estimated_tokens
from .weight_source import WeightSource

FOLDER = "prompts"
"""In the user's cache."""
INSTRUCTION_VERSION = 1
"""Counts in the hash of every answer: raise it if an instruction is changed."""
_COMMON = (
    "Keep every fact of the description and its order, invent no person, thing, text, sound or "
    "cut, and give no comment. Answer in English with the prompt alone.\n\nDescription: "
)
INSTRUCTIONS: Mapping[PromptShape, str] = MappingProxyType(
    {
        "paragraph": (
            "Rewrite this description of a shot as the prompt of a model that makes video from its "
            "first frame. Write one paragraph of at most 150 words in the present tense, in the "
            "order of time: first what moves and how, with its details and the light, then how the "
            "shot ends if that is described, last the camera move as it is described. " + _COMMON
        ),
        "camera_first": (
            "Rewrite this description of a shot as the prompt of a model that makes video from its "
            "first frame. Write one paragraph of at most 100 words: first the camera move as it is "
            "described, then what moves and how, in simple and direct verbs, then how the shot "
            "ends if that is described. " + _COMMON
        ),
        "tags": (
            "Rewrite this description of a shot as the prompt of a model that makes short videos. "
            "Write phrases between commas, at most 35 words in all, the most important first: the "
            "subject, what moves and how, the light, then the camera move. " + _COMMON
        ),
    }
)
"""By the shape of a model's prompts, as its authors instruct language models: see `prompt`."""
LONGEST_ANSWER = 512
"""Tokens of the language model; fewer for a video model that reads fewer."""


class PromptWriter:
    """Writes the prompts of slots, with one language model in memory at a time.

    Args:
        runs: whether to run a model on a cache miss.
        earlier: returns answers in finished recipes, by hash; asked if a model is not here.

    Attributes:
        faults: by prompt that was not written, what is wrong with the language model's answer.
        waiting: by prompt that is still to be written, the language model.
    """

    def __init__(self, *, runs: bool, earlier: Callable[[], Mapping[str, str]] = dict):
        self.runs = runs
        self.faults: dict[str, str] = {}
        self.waiting: dict[str, str] = {}
        self._earlier = earlier
        self._loaded: tuple[WeightSource, LanguageModel] | None = None

    def write(self, renderer: DiffusionRenderer, shot: Shot) -> str:
        """Return the prompt of a shot; empty for the described one.

        Raises:
            UnavailableError: the model is needed, and not here or of another kind.
            RendererError: it failed.
        """
        source = renderer.setup.prompt_model
        if source is None:
            return ""
        described = renderer.prompt(replace(shot, written="")).positive
        digest = answer_hash(renderer, shot)
        answer = _cached(digest)
        # A folder counts by its content, so that it has to be here.
        is_away = answer is None and source.path is None and path_here(source) is None
        if is_away and digest in (known := self._earlier()):
            return known[digest]
        if answer is None:
            if not self.runs:
                self.waiting[described] = str(source)
                return ""
            model = self._model(renderer, source)
            answer = model.answer(request_of(renderer, described), _most(renderer))
            _cache(digest, answer)
        fault = _fault(answer, renderer.prompt_tokens)
        if fault:
            self.faults[described] = f"{source} wrote {fault}; the described prompt is used"
            return ""
        return answer.text

    def close(self) -> None:
        """Unload the language model."""
        if self._loaded is not None:
            self._loaded[1].close()
        self._loaded = None

    def _model(self, renderer: DiffusionRenderer, source: WeightSource) -> LanguageModel:
        if self._loaded is None or self._loaded[0] != source:
            self.close()
            folder = local_folder(source, renderer.setup)
            model = LanguageModel(folder, renderer.device, renderer.setup.memory_gb)
            self._loaded = source, model
        return self._loaded[1]


def answer_hash(renderer: DiffusionRenderer, shot: Shot) -> str:
    """Return the SHA-256 of all that decides a language model's answer.

    Of a repository it is the commit that counts, of a folder its content.
    """
    source = renderer.setup.prompt_model
    assert source is not None
    described = renderer.prompt(replace(shot, written="")).positive
    content = [INSTRUCTION_VERSION, _identity(source), request_of(renderer, described)]
    return hashlib.sha256(json.dumps([*content, _most(renderer)]).encode()).hexdigest()


def request_of(renderer: DiffusionRenderer, described: str) -> str:
    """Return the request to a language model for a described prompt."""
    return INSTRUCTIONS[renderer.prompt_shape] + described


def _identity(source: WeightSource) -> str:
    folder = path_here(source)
    if source.path is not None:
        return file_digest(folder) if folder is not None else source.model
    commit = folder.name if folder is not None else source.revision
    return f"{source.model}@{commit}"


def _most(renderer: DiffusionRenderer) -> int:
    return min(LONGEST_ANSWER, 2 * (renderer.prompt_tokens or LONGEST_ANSWER))


def _fault(answer: Answer, tokens: int | None) -> str:
    """Return what is wrong with an answer; empty if nothing is."""
    if not any(character.isalnum() for character in answer.text):
        return "nothing"
    if answer.is_cut:
        return "a prompt without an end"
    count = estimated_tokens(answer.text)
    if tokens is not None and count > tokens:
        return f"about {count} tokens of which {tokens} are read"
    return ""


def _cached(digest: str) -> Answer | None:
    """Return a cached answer; None without one, or if it was changed."""
    found = read_verified(_path_of(digest))
    return None if found is None else Answer(*found)


def _cache(digest: str, answer: Answer) -> None:
    """Cache an answer. Without a writable cache, the next run asks again."""
    with contextlib.suppress(OSError):
        write_verified(_path_of(digest), astuple(answer))


def _path_of(digest: str) -> Path:
    return cache_folder() / FOLDER / f"{digest}.json"
