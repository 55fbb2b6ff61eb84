"""Coverage-guided fuzzing by atheris, which is not among the project's dependencies.

Run as ``python -m tests.fuzz.guided TARGET FOLDER FLAG...`` it is libFuzzer: exceptions are
written to ``FOLDER/raised``, fatal inputs to ``FOLDER/killed``.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from . import mutators, runner, targets
from .worker import MOST_BYTES, SECONDS, fault_of


def fuzz(
    name: str,
    seed: str,
    minutes: float,
    on_finding: Callable[[runner.Finding], None] = lambda _: None,
) -> tuple[int, list[runner.Finding]]:
    """Fuzz one target; arguments and result as of `runner.fuzz`."""
    ends = time.monotonic() + minutes * 60
    found: dict[str, runner.Finding] = {}
    starts = 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as temporary:
        folder = Path(temporary)
        for made in ("corpus", "raised", "killed"):
            (folder / made).mkdir()
        for number, data in enumerate(targets.load(name).seeds()):
            (folder / "corpus" / f"seed{number}").write_bytes(data)
        while (left := round(ends - time.monotonic())) > 0:
            starts += 1
            flags = [
                f"-max_total_time={left}",
                f"-seed={int(sha256(f'{seed}{starts}'.encode()).hexdigest()[:7], 16)}",
                f"-timeout={SECONDS}",
                f"-rss_limit_mb={2 * MOST_BYTES >> 20}",
                "-max_len=65536",
                f"-artifact_prefix={folder / 'killed'}/",
            ]
            subprocess.run(
                [sys.executable, "-m", "tests.fuzz.guided", name, temporary, *flags],
                cwd=runner.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=(folder / "log").open("ab"),
                check=False,
            )
            for path in [*(folder / "raised").iterdir(), *(folder / "killed").iterdir()]:
                for finding in runner.replay(name, [path]):
                    if finding.key not in found:
                        found[finding.key] = finding
                        on_finding(finding)
                path.unlink()
            if not any((folder / "corpus").glob("[0-9a-f]*")):
                raise RuntimeError((folder / "log").read_text(errors="replace")[-2000:])
        log = (folder / "log").read_text(errors="replace")
    tries = sum(int(runs) for runs in re.findall(r"^Done (\d+) runs", log, re.M))
    return tries, list(found.values())


def main(arguments: list[str]) -> None:
    """Be libFuzzer for one target."""
    import atheris

    with atheris.instrument_imports(include=["otio_gvideo"]):
        target = targets.load(arguments[0])
    folder = Path(arguments[1])
    path = folder / f"input{target.SUFFIX}"
    mutate = getattr(target, "mutate", mutators.mutate_bytes)
    seen: set[str] = set()

    def read(data: bytes) -> None:
        path.write_bytes(data)
        fault = fault_of(target, path)
        if fault is not None and fault[0] not in seen:
            seen.add(fault[0])
            (folder / "raised" / sha256(data).hexdigest()[:10]).write_bytes(data)

    def change(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        changed: bytes = mutate(data, rng) if rng.random() < 0.5 else atheris.Mutate(data, most)
        return changed[:most]

    flags = [*arguments[2:], str(folder / "corpus")]
    atheris.Setup([sys.argv[0], *flags], read, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
