"""Readers reject malformed files with an error, within limits of time and memory."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import InputError, WorkError

from . import runner, targets, worker

TRIES = 1000


@pytest.mark.parametrize("name", targets.names())
def test_past_crashes_stay_fixed(name: str, tmp_path: Path) -> None:
    target = targets.load(name)
    path = tmp_path / f"input{target.SUFFIX}"
    for crash, data in targets.past_crashes(name).items():
        path.write_bytes(data)
        begun = time.monotonic()
        fault = worker.fault_of(target, path)
        assert fault is None, f"{crash}: {fault[0]}\n{fault[1]}"
        assert time.monotonic() - begun < worker.SECONDS, crash


@pytest.mark.parametrize("name", targets.names())
def test_a_reader_accepts_most_of_its_seeds(name: str, tmp_path: Path) -> None:
    target = targets.load(name)
    path = tmp_path / f"input{target.SUFFIX}"
    seeds, refused = target.seeds(), []
    for data in seeds:
        path.write_bytes(data)
        try:
            target.read(path)
        except (InputError, WorkError) as error:
            refused.append(str(error))
    assert len(refused) <= len(seeds) // 3, "\n".join(refused)


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.parametrize("name", targets.names())
def test_no_reader_fails_on_a_changed_file(name: str, tmp_path: Path) -> None:
    _, findings = runner.fuzz(name, name, tries=TRIES)
    faults = [f"{finding.key}: {finding.save(tmp_path)}\n{finding.trace}" for finding in findings]
    assert not faults, "\n".join(faults)


@pytest.mark.slow
@pytest.mark.posix
def test_a_fatal_input_is_a_finding() -> None:
    _, findings = runner.fuzz(".faulty", "0", tries=30)
    found = {bytes(finding.data): finding.key for finding in findings}
    assert found[b"raise"].startswith("KeyError at faulty.py:")
    assert found[b"recurse"].startswith("RecursionError at ")
    assert found[b"hang"].startswith("took too long faulty.py")
    assert found[b"memory"].startswith("MemoryError at faulty.py:")
    assert found[b"abort"].startswith("died of SIGABRT faulty.py")
    assert found[b"exit"].startswith("exit status 3")
    assert b"refuse" not in found
