"""Measures of a narration are the same from memory, from a file and from the cache."""

from __future__ import annotations

import errno
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.media.sample_file import SampleFile
from otio_gvideo.compiler.speech.align import kept_arrays, narration_sound
from otio_gvideo.compiler.speech.align.kept_arrays import KeptArrays
from otio_gvideo.compiler.speech.align.narration_sound import NarrationSound, sound_of
from otio_gvideo.compiler.speech.align.viterbi import AlignmentPath
from otio_gvideo.compiler.speech.alignment_cache import search_memo
from otio_gvideo.renderers.files.user_folders import CACHE_VARIABLE, cache_folder

from . import recordings


def measures(sound: NarrationSound) -> list[object]:
    arrays = sound.power, sound.cepstra(), sound.cepstra([0, 1000, 2000])
    return [sound.speech(), sound.speech([0, 2000]), *(array.tobytes() for array in arrays)]


def never() -> NDArray[np.int16]:
    raise AssertionError


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    return recordings.saved(recordings.samples("slt"), tmp_path)


def test_a_long_sound_is_measured_from_a_file(voice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narration_sound, "IN_MEMORY_S", 1)
    before = set(cache_folder().rglob("*"))
    sound = sound_of(voice)
    assert isinstance(sound.samples, SampleFile)
    assert measures(sound) == measures(NarrationSound(recordings.samples("slt")))
    assert set(cache_folder().rglob("*")) <= before


def test_a_long_sound_stays_in_memory_if_there_is_no_room_for_a_file(
    voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narration_sound, "IN_MEMORY_S", 1)
    blocked = tmp_path / "cache"
    blocked.write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(blocked))
    np.testing.assert_array_equal(sound_of(voice).samples[:], recordings.samples("slt"))


def test_the_samples_of_a_long_sound_take_no_memory(tmp_path: Path) -> None:
    def blocks() -> Iterator[NDArray[np.int16]]:
        random = np.random.default_rng(0)
        for _ in range(400):
            yield random.integers(-500, 500, 16_000, np.int16)

    tracemalloc.start()
    sound = NarrationSound(SampleFile(blocks(), tmp_path))
    found = sound.cepstra()
    assert len(sound.speech()) < 10
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(sound.samples) == 400 * 16_000
    assert most < 2 * found.nbytes + len(sound.samples)


def test_kept_measures_need_no_samples(tmp_path: Path) -> None:
    kept = KeptArrays(tmp_path / "voice")
    first = measures(NarrationSound(recordings.samples("slt"), kept))
    assert measures(NarrationSound(never, kept)) == first


@pytest.mark.parametrize("damage", ["cut", "bit", "empty"])
def test_damaged_measures_are_made_again(damage: str, tmp_path: Path) -> None:
    kept = KeptArrays(tmp_path / "voice")
    first = measures(NarrationSound(recordings.samples("slt"), kept))
    for path in tmp_path.iterdir():
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= damage == "bit"
        path.write_bytes({"cut": content[:-40], "bit": content, "empty": b""}[damage])
    assert measures(NarrationSound(recordings.samples("slt"), kept)) == first


def test_an_array_is_returned_as_it_was_kept_or_not_at_all(tmp_path: Path) -> None:
    kept = KeptArrays(tmp_path / "voice")
    right = kept.array("power", lambda: np.arange(6000, dtype=np.float32).reshape(2000, 3))
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    for place in range(160):  # the digest and the header
        for bit in (1, 6):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            found = kept_arrays._read(path)
            assert found is None or found.tobytes() == right.tobytes(), (place, bit)


def test_measures_are_read_from_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise OSError(errno.EROFS, "read-only file system")

    kept = KeptArrays(tmp_path / "voice")
    first = measures(NarrationSound(recordings.samples("slt"), kept))
    monkeypatch.setattr(Path, "touch", refuse)
    assert measures(NarrationSound(never, kept)) == first


def test_nothing_is_kept_of_a_recording_that_was_replaced_meanwhile(
    voice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narration_sound, "KEPT_FROM_S", 1)
    right, memo = voice.read_bytes(), search_memo(voice)
    assert memo is not None
    recordings.saved(recordings.samples("slt")[::-1], voice.parent)
    sound_of(voice, memo.measures).cepstra()
    memo.keep([], [], AlignmentPath((), 0, 0))
    memo.save()
    voice.write_bytes(right)
    memo = search_memo(voice)
    assert memo is not None
    assert memo.recall([], []) is None
    found = sound_of(voice, memo.measures).cepstra()
    np.testing.assert_array_equal(found, NarrationSound(recordings.samples("slt")).cepstra())


def test_measures_that_were_not_used_for_long_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_arrays, "MOST_BYTES", 10_000)
    for name in ("older", "newer"):
        KeptArrays(tmp_path / name).array("power", lambda: np.zeros(1000))
    assert [path.name for path in tmp_path.iterdir()] == ["newer-power.array"]
