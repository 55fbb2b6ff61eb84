"""A fault is one line with the installed and tested versions of packages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from otio_gvideo.compiler import packages as tested
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.packages import Package, fault_hint, packages, packages_in_use
from otio_gvideo.renderers.files import open_media
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
EXTRAS = (
    "c2pa",
    "diffusion",
    "asr",
    "heif",
    "ray",
    "editors",
    "rife",
    "depth",
    "watch",
    "align",
    "japanese",
)


def requirements() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in EXTRAS for line in extras[extra])]
    return list(map(Requirement, lines))


def table() -> dict[str, tuple[str, str]]:
    """Oldest and newest tested version of every package."""
    sections = tested._tested().values()
    return {name: found for section in sections for name, found in section.items()}


def test_the_oldest_tested_versions_are_the_floors_of_the_project() -> None:
    floors: dict[str, Version] = {}
    for one in requirements():
        (floor,) = (Version(part.version) for part in one.specifier if part.operator == ">=")
        floors[one.name] = min(floor, floors.get(one.name, floor))
    listed = {name: Version(oldest) for name, (oldest, _) in table().items() if name != "python"}
    assert listed == floors


def test_the_newest_tested_versions_are_allowed() -> None:
    for one in requirements():
        assert table()[one.name][1] in one.specifier


@pytest.mark.parametrize(
    ("installed", "is_tested"),
    [
        ("17.0.1", True),
        ("18.1", True),
        ("19.0.7+local", True),
        ("17.0.0", False),
        ("19.1.0", False),
        ("20.0rc1", False),
    ],
)
def test_a_version_is_tested_from_the_oldest_to_patches_of_the_newest(
    installed: str, is_tested: bool
) -> None:
    package = Package("av", "17.0.1", "19.0.2", "", installed)
    assert package.is_tested is is_tested
    assert ("NOT tested" in str(package)) is not is_tested


def test_a_fault_names_untested_versions_first(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PyAV 19 dropped an argument of `open`, for example."""
    found = tested._installed
    monkeypatch.setattr(tested, "_installed", lambda name: "99.0" if name == "av" else found(name))

    def changed(*args: object, **options: object) -> object:
        raise TypeError("open() got an unexpected keyword argument 'options'")

    monkeypatch.setattr(open_media.av, "open", changed)
    assert main(["compile", str(project), "--progress", "none"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "otio-gvideo: unexpected TypeError: open() got an unexpected keyword argument 'options'; "
        f"--debug shows where; with {packages_in_use()}"
    )
    assert packages_in_use().startswith("av 99.0 (NOT tested: 17.0.1 to ")
    assert "numpy" in packages_in_use()


def test_a_missing_package_is_named_with_its_installation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tested._installed
    monkeypatch.setattr(tested, "_installed", lambda name: "" if name == "rich" else found(name))
    assert fault_hint().startswith(
        "pip install rich; --debug shows where; with rich: not installed, "
    )
    assert main(["doctor"]) == 0
    assert "package    rich: not installed; pip install rich\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("module", "content"),
    [
        ("opentimelineio", "raise AttributeError('no _opentime here')"),
        ("cv2", "import libGL_that_is_not_there"),
        ("yaml", "1 / 0"),
    ],
)
def test_a_package_that_cannot_be_imported_gives_one_line(
    module: str, content: str, tmp_path: Path
) -> None:
    (tmp_path / f"{module}.py").write_text(content)
    command = [sys.executable, "-m", "otio_gvideo.compiler", "compile", "x.yaml"]
    path = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=path, capture_output=True, text=True, check=False)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert line.startswith("otio-gvideo: unexpected ")
    assert "opentimelineio 0.18" in line
    assert "tested: 17.0.1 to " in line
    assert not done.stdout
    as_json = [*command, "--progress", "json"]
    printed = subprocess.run(as_json, env=path, capture_output=True, check=False).stdout
    assert json.loads(printed)["error"]["exit_status"] == 1
    debug = subprocess.run([*command, "--debug"], env=path, capture_output=True, check=False)
    assert b"Traceback" in debug.stderr


def test_doctor_shows_the_error_of_a_package_that_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("1 / 0")
    command = [sys.executable, "-m", "otio_gvideo.compiler", "doctor"]
    path = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=path, capture_output=True, text=True, check=True)
    assert "; cannot be imported: ZeroDivisionError: division by zero\n" in done.stdout


def test_doctor_shows_every_package_with_its_tested_versions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for package in packages()[1:]:
        assert any(line.startswith(f"package    {package}") for line in lines)
