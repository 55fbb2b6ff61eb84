"""An edit of the script costs the search of its own part alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from otio_gvideo.compiler.script.tokens import Token, tokenize
from otio_gvideo.compiler.speech.align import forced_align
from otio_gvideo.compiler.speech.align import search_memo as module
from otio_gvideo.compiler.speech.align.alignment_result import ForcedAlignment
from otio_gvideo.compiler.speech.align.search_memo import SearchMemo

from . import recordings

Align = Callable[[str], ForcedAlignment]


def script() -> str:
    return " ".join(scene.text for scene in recordings.scenes("slt"))


def tokens_of(text: str) -> list[Token]:
    return tokenize(text)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of blocks that were searched, in chunks a tenth as long as usual."""
    found: list[int] = []
    best_path = forced_align.best_path

    def counted(lattice, heard, *more, **settings):  # type: ignore[no-untyped-def]
        blocks = list(heard)
        found.append(len(blocks))
        return best_path(lattice, blocks, *more, **settings)

    monkeypatch.setattr(forced_align, "best_path", counted)
    monkeypatch.setattr(forced_align, "FIRST_CHUNK", 1200)
    monkeypatch.setattr(forced_align, "CHUNK", 1200)
    monkeypatch.setattr(forced_align, "OVERLAP", 200)
    return found


@pytest.fixture
def align(tmp_path: Path) -> Align:
    """Align a text as a run of the program does, with a memo of its own."""

    def once(text: str) -> ForcedAlignment:
        memo = SearchMemo(tmp_path / "memo.json")
        try:
            return forced_align.forced_align(tokens_of(text), recordings.sound("slt"), memo=memo)
        finally:
            memo.save()

    return once


def test_a_changed_word_is_searched_for_in_its_chunk_alone(
    searched: list[int], align: Align
) -> None:
    text = script()
    align(text)
    whole = sum(searched)
    words = text.split()
    words[-3] = "elephants"
    searched.clear()
    edited = align(" ".join(words))
    assert 0 < sum(searched) < whole / 2
    fresh = forced_align.forced_align(tokens_of(" ".join(words)), recordings.sound("slt"))
    assert edited == fresh


def test_a_script_that_was_searched_is_not_searched_again(
    searched: list[int], align: Align
) -> None:
    first = align(script())
    searched.clear()
    assert align(script()) == first
    assert not searched


def test_words_that_are_put_in_move_no_others(searched: list[int], align: Align) -> None:
    words = script().split()
    align(" ".join(words))
    middle = len(words) // 2
    searched.clear()
    longer = align(" ".join([*words[:middle], "purple", "elephants", *words[middle:]]))
    assert sum(searched) > 0
    kept = [time for n, time in enumerate(longer.times) if n not in (middle, middle + 1)]
    plain = forced_align.forced_align(tokens_of(" ".join(words)), recordings.sound("slt"))
    assert sum(one == other for one, other in zip(kept, plain.times, strict=True)) > len(kept) - 4


def test_an_interrupted_run_keeps_the_searches_of_the_one_before(
    searched: list[int], align: Align, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = align(script())

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    words = script().split()
    with monkeypatch.context() as patch:
        calls, best_path = count(), forced_align.best_path

        def interrupted(*heard, **settings):  # type: ignore[no-untyped-def]
            return interrupt() if next(calls) else best_path(*heard, **settings)

        patch.setattr(forced_align, "best_path", interrupted)
        with pytest.raises(KeyboardInterrupt):
            align(" ".join(["elephants", *words[1:]]))
    searched.clear()
    assert align(script()) == first
    assert not searched


def test_another_script_on_the_voice_keeps_the_searches_of_the_first(
    searched: list[int], align: Align
) -> None:
    first = align(script())
    align(" ".join(script().split()[30:]))
    searched.clear()
    assert align(script()) == first
    assert not searched


def test_searches_of_former_scripts_are_bounded(
    searched: list[int], align: Align, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_UNUSED", 0)
    words = script().split()
    former, later = " ".join(words[:12]), " ".join(words[20:32])
    align(former)
    align(later)
    searched.clear()
    align(former)
    assert searched


def test_files_that_were_not_used_for_long_are_deleted(
    align: Align, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 2)
    words = " ".join(script().split()[:6])
    align(words)
    for age, name in enumerate(("new", "old", "older")):
        (tmp_path / f"{name}.json").write_text("{}")
        os.utime(tmp_path / f"{name}.json", (10_000 - age, 10_000 - age))
    os.utime(tmp_path / "memo.json", (5000, 5000))
    align(words)
    assert {path.name for path in tmp_path.iterdir()} == {"memo.json", "new.json"}


@pytest.mark.parametrize("damage", ["", "{}", "[1]", '{"sha256": "", "content": "{}"}'])
def test_a_damaged_memo_counts_as_none(
    searched: list[int], align: Align, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "memo.json"
    path.write_text(damage)
    words = " ".join(script().split()[:12])
    align(words)
    assert searched
    searched.clear()
    align(words)
    assert not searched
