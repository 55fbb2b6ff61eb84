"""The compiled kernel gives the same bytes with every compiler."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from otio_gvideo.renderers.image import resample as resampling
from otio_gvideo.renderers.image.resample import axis, resample
from otio_gvideo.renderers.image.yuv import Planes
from otio_gvideo.renderers.parallax import mesh
from otio_gvideo.renderers.parallax.mesh import Layer

ROOT = Path(__file__).parents[3]
MSVC_PATH = "-DNO_GNU_C"
"""Selects the code path of MSVC with any compiler."""

_COMPILERS = {
    Path(found).resolve(): found
    for name in (sysconfig.get_config_var("CC") or "cc", "cc", "gcc", "clang")
    if (found := shutil.which(shlex.split(name)[0]))
}
_HEADERS = Path(sysconfig.get_paths()["include"])

pytestmark = [
    pytest.mark.skipif(
        not _COMPILERS or not (_HEADERS / "Python.h").exists(),
        reason="no C compiler, or no Python.h",
    ),
    pytest.mark.skipif(os.name == "nt", reason="what is installed there is made by MSVC"),
    pytest.mark.skipif(
        platform.machine().lower() not in {"x86_64", "amd64", "aarch64", "arm64"},
        reason="MSVC makes nothing for this processor",
    ),
]


def build(name: str, compiler: str, folder: Path, *more: str) -> ModuleType:
    """Compile an extension module with the flags of pyproject.toml."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    (settings,) = (
        module for module in setuptools["ext-modules"] if module["name"].endswith(f".{name}")
    )
    out = folder / f"{name}.abi3.so"
    linked = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
    flags = [*settings["extra-compile-args"], f"-I{_HEADERS}", *linked, *more]
    subprocess.run(
        [compiler, "-shared", "-fPIC", *flags, *settings["sources"], "-o", out],
        cwd=ROOT,
        check=True,
    )
    spec = importlib.util.spec_from_file_location(name, out)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=list(_COMPILERS.values()))
def compiler(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_msvc_resamples_to_the_same_bytes(
    compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = np.random.default_rng(7).random((90, 300), dtype=np.float32) * 235
    made: list[bytes] = []
    for more in ([], [MSVC_PATH]):
        folder = tmp_path / f"{len(more)}"
        folder.mkdir()
        monkeypatch.setattr(resampling, "compiled", build("_kernel", compiler, folder, *more))
        planes = []
        # Sizes with remainders beside whole vector blocks.
        for height, width, step in ((61, 133, 1.37), (8, 512, 0.31), (203, 7, 0.4)):
            axes = axis(height, 0.3, step, 90), axis(width, 0.7, step, 300)
            for dtype in (np.float32, np.uint8):
                planes.append(resample(plane, *axes, np.empty((height, width), dtype)))
        made.append(b"".join(plane.tobytes() for plane in planes))
    assert made[0] == made[1]


def test_msvc_draws_layers_to_the_same_bytes(
    compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    height, width = 94, 118
    layers = [_layer(3, None), _layer(4, _spots(height, width))]
    rows, columns = mesh.node_grid(width, height)
    places = np.random.default_rng(5).normal(size=(2, 2, rows, columns)) * 1.5
    places += np.mgrid[0:rows, 0:columns][::-1] * mesh.STEP * 0.9 + mesh.PAD
    made: list[bytes] = []
    for more in ([], [MSVC_PATH]):
        folder = tmp_path / f"{len(more)}"
        folder.mkdir()
        monkeypatch.setattr(mesh, "kernel", build("_mesh", compiler, folder, *more))
        out = np.zeros((height * 3 // 2, width), np.uint8)
        mesh.draw(out, list(zip(layers, places.astype(np.float32), strict=True)))
        made.append(out.tobytes())
    assert len(set(made[0])) > 100
    assert made[0] == made[1]


def _spots(height: int, width: int) -> np.ndarray:
    """A matte with transparent, opaque and translucent spots."""
    y, x = np.mgrid[0:height, 0:width]
    waves = np.sin(x / 9) + np.cos(y / 11)
    return np.asarray((waves * 400 + 128).clip(0, 255), np.uint8)


def _layer(seed: int, matte: np.ndarray | None, height: int = 94, width: int = 118) -> Layer:
    random = np.random.default_rng(seed)
    y, u, v = (
        random.random(shape, dtype=np.float32) * 255
        for shape in ((height, width), *[(height // 2, width // 2)] * 2)
    )
    return mesh.make_layer(Planes(y, u, v), matte)
