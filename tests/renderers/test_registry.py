"""Renderers of other packages: a broken one is reported, and affects no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from otio_gvideo.compiler.doctor import diagnose
from otio_gvideo.renderers.base import UnavailableError
from otio_gvideo.renderers.registry import renderer_class, renderer_names


@pytest.mark.parametrize(
    ("points_at", "why"),
    [
        ("nosuchmodule:Sketch", "No module named 'nosuchmodule'"),
        ("json:Sketch", "module 'json' has no attribute 'Sketch'"),
    ],
)
def test_a_broken_package_makes_its_renderer_unavailable(
    points_at: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "sketchy-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: sketchy\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[otio_gvideo.renderers]\nsketch = {points_at}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "sketch" in renderer_names()
    said = f"the renderer sketch of the package sketchy cannot be loaded: {why}"
    with pytest.raises(UnavailableError) as caught:
        renderer_class("sketch")
    assert str(caught.value) == said
    assert f"renderer   sketch: {said}" in diagnose()
