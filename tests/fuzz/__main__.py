"""``python -m tests.fuzz``: fuzz by hand, for any time."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from . import guided, runner, targets


def main() -> int:
    """Fuzz the targets, or replay one input; 1 if a reader fails."""
    known = targets.names()
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", action="append", choices=known, help="all of them by default")
    parser.add_argument("--minutes", type=float, default=1.0, help="for all targets together")
    parser.add_argument("--seed", help="repeat a run; random by default")
    parser.add_argument("--input", type=Path, action="append", help="read this file, and no other")
    parser.add_argument("--output", type=Path, help="where findings are saved")
    parser.add_argument(
        "--guided", action="store_true", help="let atheris look for inputs by coverage"
    )
    given = parser.parse_args()
    chosen = given.target or known
    if given.input:
        if len(chosen) != 1:
            parser.error("--input needs one --target")
        faults = runner.replay(chosen[0], given.input)
        for fault in faults:
            print(f"{fault.key}\n{fault.trace}")
        return bool(faults)
    if given.guided and find_spec("atheris") is None:
        parser.error("--guided needs atheris: pip install atheris")
    output = given.output or Path(tempfile.mkdtemp(prefix="fuzz-findings-"))
    seed = given.seed or str(random.SystemRandom().randrange(1 << 32))
    print(f"--seed {seed}; findings go to {output}", flush=True)

    def tell(finding: runner.Finding) -> None:
        print(f"  {finding.key}: {finding.save(output)}", flush=True)

    found = 0
    for name in chosen:
        share = given.minutes / len(chosen)
        run = guided.fuzz if given.guided else runner.fuzz
        tries, findings = run(name, f"{name}:{seed}", minutes=share, on_finding=tell)
        print(f"{name}: {tries} tries, {len(findings)} findings", flush=True)
        found += len(findings)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
