"""The list of packages is the folders, and what is installed carries its data."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from otio_gvideo import schemas

ROOT = Path(__file__).parent.parent


def test_every_folder_with_code_is_packaged() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {
        "otio_gvideo." + ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("compiler", "renderers", "schemas")
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert set(settings["packages"]) == found


def test_every_file_that_code_reads_is_packaged() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {name: ROOT.joinpath(*name.split(".")[1:]) for name in settings["packages"]}
    listed = {
        path
        for name, patterns in settings["package-data"].items()
        for pattern in patterns
        for path in folders[name].glob(pattern)
    }
    sources = {".py", ".c", ".h", ".so"}
    read = {path for folder in folders.values() for path in folder.iterdir() if path.is_file()}
    assert {path for path in read if path.suffix not in sources} <= listed


def test_every_schema_is_found_where_it_is_installed() -> None:
    files = {path.name.removesuffix(".schema.json") for path in (ROOT / "schemas").glob("*.json")}
    assert set(schemas.names()) == files


def test_sync_imports_nothing_of_the_project_but_itself() -> None:
    for path in (ROOT / "compiler" / "sync").glob("*.py"):
        text = path.read_text()
        assert "from .." not in text, path.name
        assert "import av" not in text


def test_one_module_opens_media() -> None:
    opening = re.compile(r"\bav\.open\(|from av import .*\bopen\b")
    files = [f for top in ("compiler", "renderers") for f in (ROOT / top).rglob("*.py")]
    found = [f.relative_to(ROOT).as_posix() for f in files if opening.search(f.read_text("utf-8"))]
    assert found == ["renderers/containers.py"]


def test_one_module_opens_images() -> None:
    opening = re.compile(r"\bImage\.open\(|from PIL\.Image import .*\bopen\b")
    files = [f for top in ("compiler", "renderers") for f in (ROOT / top).rglob("*.py")]
    found = [f.relative_to(ROOT).as_posix() for f in files if opening.search(f.read_text("utf-8"))]
    assert found == ["renderers/image_files.py"]


def test_opencv_opens_no_file() -> None:
    """On Windows it takes names for text in the system's code page."""
    opening = re.compile(r"\bcv2\.(imread|imwrite|VideoCapture|VideoWriter|FileStorage)\b")
    files = [f for top in ("compiler", "renderers") for f in (ROOT / top).rglob("*.py")]
    assert not [f for f in files if opening.search(f.read_text("utf-8"))]


def test_renderers_never_import_the_compiler() -> None:
    for path in (ROOT / "renderers").rglob("*.py"):
        imported = re.findall(r"^\s*(?:from|import) .*$", path.read_text(), re.MULTILINE)
        assert not [line for line in imported if "compiler" in line], path.name
