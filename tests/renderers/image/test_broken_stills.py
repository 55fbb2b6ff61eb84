"""Every reader rejects stills that break their decoders or would exhaust memory."""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.compiler.backend.encode.scale_crop import fit_still
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.script.checks.files import _fault
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.image.open_image import ImageFileError, image_file
from otio_gvideo.renderers.image.saliency import look_at
from otio_gvideo.renderers.image.stills import load_still
from otio_gvideo.renderers.parallax.depth.maps import read_depth
from PIL import Image

pytestmark = pytest.mark.posix
Reader = Callable[[Path], object]
DECODE = """\
import resource, sys
from pathlib import Path
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.image.stills import load_still
load_still(Path(sys.argv[1]))
now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 50_000_000,) * 2)
try:
    load_still(Path(sys.argv[2]))
except RendererError as error:
    print(error)
"""


def fitted(path: Path) -> None:
    fit_still(path, (16, 16), path.with_suffix(".pam"))


def checked(path: Path) -> None:
    if fault := _fault(path, "image"):
        raise WorkError("; ".join(fault))


READERS: list[Reader] = [load_still, read_depth, look_at, probe, fitted, checked]


def png(path: Path, width: int, height: int) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1 << 20))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(60000, 60000), (13100, 13100), (0, 10), (2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize("read", READERS)
def test_sizes_beyond_memory_are_rejected_before_decoding(
    read: Reader, size: tuple[int, int], tmp_path: Path
) -> None:
    path = png(tmp_path / "a.png", *size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((RendererError, WorkError, ImageFileError)) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("read", [reader for reader in READERS if reader is not probe])
@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "avif", "tif", "gif", "bmp", "jp2", "ppm"])
@pytest.mark.parametrize("part", [0.1, 0.4])
def test_truncated_files_are_rejected(read: Reader, kind: str, part: float, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises((RendererError, WorkError, ImageFileError)) as caught:
        read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [SyntaxError("x"), struct.error("x"), EOFError(), ZeroDivisionError(), MemoryError()]
)
def test_any_error_of_a_decoder_becomes_one_error(error: Exception, tmp_path: Path) -> None:
    path = png(tmp_path / "a.png", 2, 2)
    with pytest.raises(ImageFileError, match=r"it is broken|too little memory"), image_file(path):
        raise error


def test_nan_and_infinity_are_black(tmp_path: Path) -> None:
    values = np.full((8, 8), 0.5, np.float32)
    values[0, 0], values[0, 1] = np.nan, np.inf
    Image.fromarray(values).save(tmp_path / "a.tif")
    still = load_still(tmp_path / "a.tif")
    assert [still.getpixel((x, 0)) for x in (0, 1, 2)] == [(0,) * 3, (0,) * 3, (128,) * 3]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_out_of_memory_is_a_one_line_error(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    Image.new("RGB", (7000, 7000)).save(tmp_path / "large.png")
    names = [str(tmp_path / name) for name in ("small.png", "large.png")]
    command = [sys.executable, "-c", DECODE, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.count("\n") == 1
    assert "large.png: cannot be decoded: there is too little memory to decode it" in done.stdout
    assert not done.stderr
