"""Searches of a narration: an edit of the script repeats the search of its own part alone.

A search depends on the frames, the penalties, the level of unscripted speech, and on the tokens as
far as its paths reached. A changed word therefore leaves the chunks of a long narration alone that
lie more than its lookahead away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from typing import Any

from ....renderers.files.verified_json import read_verified, write_verified
from ...script.tokens import Token
from .kept_arrays import KeptArrays
from .lattice import is_before_pause
from .viterbi import AlignedPiece, AlignmentPath

MOST_UNUSED = 8000
"""Searches that a file has besides those of its last run: of ten hours, some 6 MB."""
MOST_FILES = 100
"""Files of a folder: those used last."""


class SearchMemo:
    """Searches of one recording, kept in a file."""

    def __init__(self, path: Path, is_same: Callable[[], bool] = lambda: True):
        """Remember searches.

        Args:
            path: of the file, which need not exist: its name stands for the recording and the code.
            is_same: whether the recording is still that one; of another one nothing is kept.
        """
        self._path = path
        self._is_same = is_same
        self.measures = KeptArrays(path.with_suffix(""), is_same)
        """What was measured in the recording."""
        self._before: Mapping[str, Any] | None = None
        self._used: dict[str, list[Any]] = {}
        self._is_changed = False

    def recall(self, settings: Sequence[Any], tokens: Sequence[Token]) -> AlignmentPath | None:
        """Return the path of a search that was made before; None if it was not.

        Args:
            settings: all that decides on the path but the tokens, as JSON values.
            tokens: of the search.
        """
        key = _digest(settings)
        for entry in (*self._used.get(key, ()), *self._known().get(key, ())):
            reach, digest, end, pieces = entry
            if reach <= len(tokens) and digest == _digest_of_tokens(tokens, reach):
                self._use(key, entry)
                return AlignmentPath(tuple(AlignedPiece(*piece) for piece in pieces), end, reach)
        return None

    def keep(self, settings: Sequence[Any], tokens: Sequence[Token], path: AlignmentPath) -> None:
        """Remember a search."""
        pieces = [astuple(piece) for piece in path.pieces]
        digest = _digest_of_tokens(tokens, path.reach)
        self._use(_digest(settings), [path.reach, digest, path.end, pieces])
        self._is_changed = True

    def _use(self, key: str, entry: list[Any]) -> None:
        used = self._used.setdefault(key, [])
        if entry not in used:
            used.append(entry)

    def _known(self) -> Mapping[str, Any]:
        """Return the searches in the file."""
        if self._before is None:
            self._before = read_verified(self._path) or {}
        return self._before

    def save(self) -> None:
        """Write the searches of this run, if any is new, before others; drop files unused for long.

        An interrupted run, or another script on the same voice, leaves those of others in place.
        """
        with suppress(OSError):  # A cache that cannot be written breaks nothing.
            if self._is_changed and self._is_same():
                write_verified(self._path, self._all())
            elif self._used:
                self._path.touch()
            _drop_oldest(self._path.parent)

    def _all(self) -> dict[str, list[Any]]:
        """Return the searches of this run, and `MOST_UNUSED` others."""
        unused = (
            (key, entry)
            for key, entries in self._known().items()
            for entry in entries
            if entry not in self._used.get(key, ())
        )
        found = {key: list(entries) for key, entries in self._used.items()}
        for key, entry in islice(unused, MOST_UNUSED):
            found.setdefault(key, []).append(entry)
        return found


def _drop_oldest(folder: Path) -> None:
    """Keep the files of a folder that were used last: others are of old code or old sound."""
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in files[:-MOST_FILES]:
        path.unlink()


def _digest_of_tokens(tokens: Sequence[Token], reach: int) -> str:
    # A path that reached the end of the tokens might go on where there are more.
    is_whole = reach == len(tokens)
    said = [[token.readings, is_before_pause(token)] for token in tokens[:reach]]
    return _digest([said, is_whole])


def _digest(content: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
