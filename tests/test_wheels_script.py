"""`.ci/wheels.py` finds missing wheels, also for other platforms."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

SCRIPT = Path(__file__).parent.parent / ".ci" / "wheels.py"

_spec = importlib.util.spec_from_file_location("wheels", SCRIPT)
assert _spec
assert _spec.loader
wheels = importlib.util.module_from_spec(_spec)
sys.modules["wheels"] = wheels  # where dataclasses look up annotations
_spec.loader.exec_module(wheels)

PLATFORMS = {platform.name: platform for platform in wheels.PLATFORMS}


@pytest.mark.parametrize(
    ("marker", "matching"),
    [
        ("platform_machine != 'aarch64'", set(PLATFORMS) - {"Linux aarch64"}),
        ("sys_platform == 'win32'", {"Windows amd64", "Windows arm64"}),
        ("platform_system == 'Darwin' and platform_machine == 'arm64'", {"macOS arm64"}),
        ("os_name == 'posix' and platform_machine == 'x86_64'", {"Linux x86_64", "macOS x86_64"}),
        ("python_version < '3.12'", set()),
    ],
)
def test_markers_are_those_of_the_target(marker: str, matching: set[str]) -> None:
    requirement = Requirement(f"x; {marker}")
    assert requirement.marker
    assert matching == {
        name
        for name, platform in PLATFORMS.items()
        if requirement.marker.evaluate(wheels.environment(platform, "3.12"))
    }


@pytest.mark.parametrize(
    ("wheel", "platform", "python", "fits"),
    [
        ("x-1-py3-none-any.whl", "Windows arm64", "3.14", True),
        ("x-1-py2.py3-none-win_amd64.whl", "Windows amd64", "3.11", True),
        ("x-1-cp311-abi3-win_amd64.whl", "Windows amd64", "3.14", True),
        ("x-1-cp312-abi3-win_amd64.whl", "Windows amd64", "3.11", False),
        ("x-1-cp312-cp312-win_amd64.whl", "Windows amd64", "3.13", False),
        ("x-1-cp312-cp312-win_amd64.whl", "Windows arm64", "3.12", False),
        ("x-1-cp312-cp312-macosx_10_13_universal2.whl", "macOS arm64", "3.12", True),
        ("x-1-cp312-cp312-macosx_11_0_arm64.whl", "macOS x86_64", "3.12", False),
        ("x-1-cp312-cp312-macosx_26_0_arm64.whl", "macOS arm64", "3.12", False),
        ("x-1-cp312-cp312-manylinux_2_17_x86_64.whl", "Linux x86_64", "3.12", True),
        ("x-1-cp312-cp312-manylinux2014_aarch64.whl", "Linux aarch64", "3.12", True),
        ("x-1-cp312-cp312-manylinux_2_39_x86_64.whl", "Linux x86_64", "3.12", False),
        ("x-1-cp312-cp312-musllinux_1_2_x86_64.whl", "Linux x86_64", "3.12", False),
        ("x-1-cp313-cp313t-win_amd64.whl", "Windows amd64", "3.13", False),
    ],
)
def test_tags_are_those_of_the_target(wheel: str, platform: str, python: str, fits: bool) -> None:
    *_, tags = parse_wheel_filename(wheel)
    assert bool(tags & wheels.supported(PLATFORMS[platform], python)) == fits


def _sdist(name: str, *members: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for member in ("PKG-INFO", *members):
            content = f"Metadata-Version: 1.1\nName: {name}\nVersion: 1\n".encode()
            info = tarfile.TarInfo(f"{name}-1/{member}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


ANYWHERE = "top-1-py3-none-any.whl"
FILES: dict[str, bytes] = {
    ANYWHERE: b"Requires-Dist: old\nRequires-Dist: native; platform_machine != 'aarch64'\n"
    b"Requires-Dist: never; extra == 'more'\nRequires-Dist: extra[some]\n",
    "old-1.tar.gz": _sdist("old", "old.py"),
    # The newest has no wheel for 3.12, an older one has.
    "native-2-cp311-cp311-manylinux_2_17_x86_64.whl": b"",
    "native-2.tar.gz": b"",
    "native-1-cp312-cp312-manylinux_2_17_x86_64.whl": b"",
    "extra-1-py3-none-any.whl": b"Requires-Dist: compiled; extra == 'some'\n",
    "compiled-1.tar.gz": _sdist("compiled", "src/loop.c"),
    "compiled-9-py3-none-any.whl": b"yanked",
}


class _Index(BaseHTTPRequestHandler):
    """The simple API of an index with `FILES`."""

    def do_GET(self) -> None:
        *_, folder, name = self.path.split("/")
        if not name:
            files = [
                {
                    "filename": file,
                    "url": f"../files/{file}",
                    "core-metadata": file.endswith(".whl"),
                    "yanked": FILES[file] == b"yanked",
                }
                for file in FILES
                if file.startswith(f"{folder}-")
            ]
            content = json.dumps({"files": files}).encode()
        else:
            content = FILES[name.removesuffix(".metadata")]
        self.send_response(200 if content != b'{"files": []}' else 404)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


def run(index: str, folder: Path, dependency: str, *classifiers: str) -> tuple[int, str]:
    pyproject = folder / "pyproject.toml"
    pyproject.write_text(
        f"[project]\nname = 'x'\nrequires-python = '>=3.11'\ndependencies = ['{dependency}']\n"
        f"classifiers = {json.dumps(classifiers)}\n"
    )
    done = subprocess.run(
        [sys.executable, SCRIPT, pyproject],
        env=os.environ | {"PIP_INDEX_URL": index, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


LINUX, PYTHON = "Operating System :: POSIX :: Linux", "Programming Language :: Python :: 3.11"


def test_missing_wheels_are_in_the_table(index: str, tmp_path: Path) -> None:
    status, text = run(index, tmp_path, "top", LINUX, PYTHON)
    lines = {tuple(line.split()) for line in text.splitlines()}
    rows = {line[:2]: " ".join(line[2:]) for line in lines if len(line) > 1}
    assert rows["old", "1"] == " ".join(["3.11-3.14"] * 6) + " sdist only, pure Python"
    assert rows["compiled", "1"].endswith("sdist only, native code; PROMISED")
    assert ("Linux", "aarch64", "3.11", "promised", "lacks", "compiled") in lines
    assert ("Linux", "x86_64", "3.12", "lacks", "compiled,", "native") in lines
    assert "no wheel there, needs a compiler; 1 has a wheel" in text
    assert "never" not in text
    assert status == 1


def test_only_supported_combinations_fail(index: str, tmp_path: Path) -> None:
    assert run(index, tmp_path, "native", LINUX, PYTHON)[0] == 1
    only_x86 = 'native; platform_machine == "x86_64"'
    assert run(index, tmp_path, only_x86, LINUX, PYTHON)[0] == 0
    assert run(index, tmp_path, "old", LINUX, PYTHON)[0] == 0
    assert run(index, tmp_path, "native")[0] == 0


def test_an_unknown_package_is_named(index: str, tmp_path: Path) -> None:
    status, text = run(index, tmp_path, "absent", LINUX, PYTHON)
    assert status == 2
    assert text.startswith(f"{index}/absent/: HTTP Error 404")
