"""A value of a script is changed on its own line; every other byte stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import InputError, WorkError
from otio_gvideo.compiler.script.yaml_source import KeyPath
from otio_gvideo.compiler.watch.script_edit import Scalar, edit_script

SCRIPT = """\
# A film.
version: 1
scenes:
  - id: one   # the first
    seed: 7           # lucky
    text: >-
      Some words
      on two lines.

  # the second
  - {id: two, keyframe: b.png}   # short
  - id: three
    motion: {camera: push_in}
    prompt: |
      a long
      prompt
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.yaml"
    path.write_text(SCRIPT, newline="")
    return path


@pytest.mark.parametrize(
    ("place", "value", "old", "new"),
    [
        (("scenes", 0, "seed"), 12, "seed: 7           #", "seed: 12           #"),
        (("scenes", 0, "renderer"), "ltx", "# lucky\n", "# lucky\n    renderer: ltx\n"),
        (("scenes", 1, "seed"), 5, "b.png}", "b.png, seed: 5}"),
        (("scenes", 1, "keyframe"), "c d.png", "b.png}", '"c d.png"}'),
        (("scenes", 2, "motion", "camera"), "static", "push_in", "static"),
        (("scenes", 2, "motion", "amount"), 0.5, "push_in}", "push_in, amount: 0.5}"),
        (("scenes", 2, "seed"), 5, "push_in}\n", "push_in}\n    seed: 5\n"),
        (
            ("scenes", 0, "motion", "camera"), "static",
            "# lucky\n", "# lucky\n    motion: {camera: static}\n",
        ),
    ],
)  # fmt: skip
def test_one_line_changes(script: Path, place: KeyPath, value: Scalar, old: str, new: str) -> None:
    assert SCRIPT.count(old) == 1
    edit = edit_script(script, {place: value})
    assert edit.after == SCRIPT.replace(old, new)
    changed = [line for line in edit.diff.splitlines()[3:] if line[0] in "+-"]
    assert 1 <= len(changed) <= 2
    assert script.read_text() == SCRIPT
    edit.write()
    assert script.read_text() == edit.after


def test_a_script_of_windows_keeps_its_line_ends(script: Path) -> None:
    script.write_bytes(SCRIPT.replace("\n", "\r\n").encode())
    edit = edit_script(script, {("scenes", 0, "quality"): "draft"})
    added = SCRIPT.replace("# lucky\n", "# lucky\n    quality: draft\n")
    assert edit.after == added.replace("\n", "\r\n")
    edit.write()
    assert script.read_bytes() == edit.after.encode()


def test_the_last_line_may_have_no_end(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("scenes:\n  - id: one")
    edit = edit_script(path, {("scenes", 0, "seed"): 3})
    assert edit.after == "scenes:\n  - id: one\n    seed: 3"


def test_words_that_yaml_reads_otherwise_are_quoted(script: Path) -> None:
    edit = edit_script(script, {("scenes", 1, "prompt"): "no: #1", ("scenes", 0, "prompt"): "yes"})
    assert '{id: two, keyframe: b.png, prompt: "no: #1"}' in edit.after
    assert '    prompt: "yes"\n' in edit.after


def test_a_shared_value_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("scenes:\n  - &a {id: one, seed: 1}\n  - *a\n")
    with pytest.raises(InputError, match=r"scenes\[1\].seed: cannot be changed alone.*by hand"):
        edit_script(path, {("scenes", 1, "seed"): 3})


def test_a_script_that_was_changed_meanwhile_is_not_written(script: Path) -> None:
    edit = edit_script(script, {("scenes", 0, "seed"): 3})
    script.write_text(f"{SCRIPT}# more\n")
    with pytest.raises(WorkError, match="was changed meanwhile"):
        edit.write()
    assert script.read_text() == f"{SCRIPT}# more\n"


@pytest.mark.posix
def test_links_and_permissions_stay(script: Path, tmp_path: Path) -> None:
    script.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(script)
    edit_script(link, {("scenes", 0, "seed"): 3}).write()
    assert link.is_symlink()
    assert "seed: 3 " in script.read_text()
    assert script.stat().st_mode & 0o777 == 0o640


def test_a_script_in_another_encoding_is_left_to_its_editor(script: Path) -> None:
    script.write_bytes(SCRIPT.encode("utf-16"))
    with pytest.raises(InputError, match="is not plain UTF-8; change it by hand"):
        edit_script(script, {("scenes", 0, "seed"): 3})
