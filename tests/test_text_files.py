"""Text files are opened as UTF-8, and written with the same line ends on every system."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from otio_gvideo import compiler, renderers, schemas

FOLDERS = [Path(package.__file__).parent for package in (compiler, renderers, schemas)]
OTHERS = {"aaf2", "av", "Image", "wave", "zipfile", "request", "archive", "webbrowser"}
"""Modules whose `open` does not open text."""
OURS = {"write_text", "read_text"}
"""Functions of this package that do it right, by name."""


def _opened(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Calls that open text, and whether they read or write."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        name = call.func.id if isinstance(call.func, ast.Name) else name
        if isinstance(call.func, ast.Name) and name in OURS:
            continue
        if name in ("read_text", "write_text"):
            yield call, name.partition("_")[0]
        elif name == "fdopen":
            if not any(isinstance(a, ast.Constant) and "b" in str(a.value) for a in call.args):
                yield call, "write"
        elif name == "open":
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(owner, ast.Attribute):
                owner = ast.Name(owner.attr)
            if isinstance(owner, ast.Name) and owner.id in OTHERS | {"os"}:
                continue
            modes = [a.value for a in call.args if isinstance(a, ast.Constant)]
            mode = next((str(m) for m in modes if str(m).strip("rwaxbt+") == ""), "r")
            if "b" not in mode:
                yield call, "read" if mode == "r" else "write"
        elif name in ("run", "Popen") and any(keyword.arg == "text" for keyword in call.keywords):
            yield call, "read"


def _faults(path: Path) -> Iterator[str]:
    for call, use in _opened(ast.parse(path.read_text(encoding="utf-8"))):
        stated = {keyword.arg for keyword in call.keywords}
        positional = [a.value for a in call.args if isinstance(a, ast.Constant)]
        if "encoding" not in stated and not any(str(a).startswith("utf-8") for a in positional):
            yield f"{path.name}:{call.lineno}: no encoding"
        if use == "write" and "newline" not in stated:
            yield f"{path.name}:{call.lineno}: line ends are the system's"


def test_text_is_opened_in_utf8_and_written_with_line_feeds() -> None:
    files = [path for folder in FOLDERS for path in folder.rglob("*.py")]
    assert len(files) > 200
    assert [fault for path in files for fault in _faults(path)] == []


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ("path.write_text(text, encoding='utf-8')", 1),
        ("path.write_text(text)", 2),
        ("path.read_text('utf-8')", 0),
        ("path.open('w', encoding='utf-8')", 1),
        ("path.open('wb')", 0),
        ("open(path)", 1),
        ("av.open(path)", 0),
        ("subprocess.run(args, text=True)", 1),
    ],
)
def test_calls_without_an_encoding_are_faults(source: str, faults: int, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(source, encoding="utf-8")
    assert len(list(_faults(path))) == faults


WARNED = """\
import sys, warnings
warnings.filterwarnings("error", category=EncodingWarning, module="otio_gvideo")
from otio_gvideo.compiler.cli import main
script = sys.argv[1]
timeline = script.replace("small.yaml", "build/small/small.otio")
assert main(["compile", script, "--until", "timeline"]) == 0
assert main(["plan", script]) == 0
assert main(["view", timeline]) == 0
for suffix in ("otioz", "fcpxml", "xml", "edl", "mlt", "srt"):
    assert main(["export", timeline, "-o", f"{script}.{suffix}"]) == 0, suffix
assert main(["diff", timeline, f"{script}.edl"]) == 0
assert main(["doctor"]) == 0
"""


@pytest.mark.slow
def test_python_warns_of_no_encoding(project: Path, tmp_path: Path) -> None:
    program = tmp_path / "warned.py"
    program.write_text(WARNED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program, project],
        # With -W the program silences no warning, and the filter of the test stays.
        env=os.environ | {"PYTHONWARNDEFAULTENCODING": "1", "PYTHONWARNINGS": "default"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
