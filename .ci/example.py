"""Compile the example at a small size with this Python, and view, export and check it.

``python .ci/example.py FOLDER`` prints a line: versions of what decides the result, and the frames.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import av

EXAMPLE = Path(__file__).parent.parent / "examples" / "lighthouse"
SIZE = "output: {width: 216, height: 384, fps: 24}\n"
EXPORTS = ("fcpxml", "mlt")
PACKAGES = ("av", "numpy", "opencv-python-headless", "opentimelineio")


def main(folder: Path) -> None:
    """Fail at the first thing that is not as it should be."""
    left_out = shutil.ignore_patterns("build", "studio")
    shutil.copytree(EXAMPLE, folder / "lighthouse", ignore=left_out)
    script = folder / "lighthouse" / "script.yaml"
    lines = script.read_text(encoding="utf-8").splitlines(keepends=True)
    assert sum(line.startswith("output:") for line in lines) == 1, "where is the size?"
    small = "".join(SIZE if line.startswith("output:") else line for line in lines)
    script.write_text(small, encoding="utf-8")
    run("compile", script, "-o", folder / "out", "--progress", "plain", "--strict")
    timeline, reel = folder / "out" / "script.otio", folder / "out" / "script.mp4"
    run("view", timeline)
    for suffix in EXPORTS:
        run("export", timeline, "-o", folder / f"script.{suffix}")
        assert (folder / f"script.{suffix}").stat().st_size > 1000
    run("check", reel, "--against", timeline)
    report = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    with av.open(str(reel)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert frames == report["frames"], (frames, report["frames"])
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"Python {platform.python_version()}, {versions}: {frames} frames")


def run(*args: str | Path) -> None:
    """Run a command as a user would, and stop at an error, or a warning that is not our own."""
    command = [sys.executable, "-m", "otio_gvideo.compiler", *map(str, args)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    own = "warning: "  # Such as losses of a format; `compile` has none with --strict.
    others = [line for line in done.stderr.splitlines() if not line.startswith(own)]
    if done.returncode or "warning" in "".join(others).lower():
        sys.exit(f"{command[3:]}: status {done.returncode}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
