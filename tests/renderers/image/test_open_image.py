"""Images are opened in a few formats, detected by content; none of them runs a program."""

from __future__ import annotations

from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.image.open_image import open_image
from otio_gvideo.renderers.image.saliency import look_at
from otio_gvideo.renderers.image.stills import load_still
from PIL import EpsImagePlugin, Image, UnidentifiedImageError

EPS = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.posix
def test_postscript_in_disguise_runs_no_ghostscript(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, called = tmp_path / "gs", tmp_path / "called"
    program.write_text(f"#!/bin/sh\n: > '{called}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    still = tmp_path / "a.png"
    still.write_text(EPS)
    with pytest.raises(OSError), Image.open(still) as image:
        image.load()
    assert called.exists()
    called.unlink()
    with pytest.raises(UnidentifiedImageError):
        open_image(still)
    for read in (load_still, look_at):
        with pytest.raises(RendererError, match=r"a\.png: cannot be decoded: it is not an image"):
            read(still)
    with pytest.raises(WorkError, match=r"a\.png: cannot be read as an image: it is not an image"):
        probe(still)
    assert not called.exists()


@pytest.mark.parametrize("kind", ["DDS", "PCX", "SGI", "TGA", "ICO", "MSP"])
def test_unsupported_formats_are_rejected_under_any_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    Image.new("1" if kind == "MSP" else "RGB", (16, 16), 1).save(path, kind)
    with Image.open(path) as image:
        assert image.format == kind
    with pytest.raises(UnidentifiedImageError):
        open_image(path)


def test_multi_picture_files_of_phones_load(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    views = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    views[0].save(path, "MPO", save_all=True, append_images=views[1:])
    red, green, blue = load_still(path).getpixel((8, 8))
    assert red > 250
    assert max(green, blue) < 5
