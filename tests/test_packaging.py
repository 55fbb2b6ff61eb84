"""The wheel is complete, and one module each opens media and images."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from otio_gvideo import schemas

ROOT = Path(__file__).parent.parent


def test_every_folder_of_code_is_a_package() -> None:
    for top in ("compiler", "renderers", "schemas"):
        for module in (ROOT / top).rglob("*.py"):
            assert (module.parent / "__init__.py").is_file(), module.parent


def test_every_file_that_code_reads_is_packaged() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    listed = {
        path
        for name, patterns in settings["package-data"].items()
        for pattern in patterns
        for path in ROOT.joinpath(*name.split(".")[1:]).glob(pattern)
    }
    sources = {".py", ".c", ".h", ".so", ".pyd", ".pyc"}
    read = {
        path
        for top in ("compiler", "renderers", "schemas")
        for path in (ROOT / top).rglob("*")
        if path.is_file()
    }
    assert {path for path in read if path.suffix not in sources} <= listed


def test_every_schema_is_installed() -> None:
    files = {path.name.removesuffix(".schema.json") for path in (ROOT / "schemas").glob("*.json")}
    assert set(schemas.names()) == files


def test_one_module_opens_media() -> None:
    opening = re.compile(r"\bav\.open\(|from av import .*\bopen\b")
    files = [f for top in ("compiler", "renderers") for f in (ROOT / top).rglob("*.py")]
    found = [f.relative_to(ROOT).as_posix() for f in files if opening.search(f.read_text("utf-8"))]
    assert found == ["renderers/files/open_media.py"]


def test_one_module_opens_images() -> None:
    opening = re.compile(r"\bImage\.open\(|from PIL\.Image import .*\bopen\b")
    files = [f for top in ("compiler", "renderers") for f in (ROOT / top).rglob("*.py")]
    found = [f.relative_to(ROOT).as_posix() for f in files if opening.search(f.read_text("utf-8"))]
    assert found == ["renderers/image/open_image.py"]


def test_opencv_opens_no_file() -> None:
    """On Windows it decodes names with the code page of the system."""
    opening = re.compile(r"\bcv2\.(imread|imwrite|VideoCapture|VideoWriter|FileStorage)\b")
    files = [f for top in ("compiler", "renderers") for f in (ROOT / top).rglob("*.py")]
    assert not [f for f in files if opening.search(f.read_text("utf-8"))]
