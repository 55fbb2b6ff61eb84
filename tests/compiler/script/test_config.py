"""The configuration file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.script.config import Config, load_config
from otio_gvideo.compiler.script.renderer_settings import read_config
from otio_gvideo.renderers import registry
from otio_gvideo.renderers.camera.camera import CameraRenderer


@pytest.mark.parametrize("text", ["", "# workers: 2\n"])
def test_a_file_of_comments_gives_the_defaults(text: str, tmp_path: Path) -> None:
    (tmp_path / "video_config.yaml").write_text(text)
    assert load_config(None, tmp_path / "script.yaml") == Config()


class Own(CameraRenderer):
    """A renderer of another package that lists no settings."""


class Listing(CameraRenderer):
    """A renderer of another package that lists its settings."""

    takes: Collection[str] = ("grain",)


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Own, Listing):
        monkeypatch.setitem(
            registry._BUILT_IN, kind.__name__.lower(), f"{__name__}:{kind.__name__}"
        )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("paralax: {depth_model: a/b}", "2:3: renderers.paralax: 'paralax' is not a renderer; "
         "did you mean 'parallax'?"),
        ("parallax: {depth_modle: a/b}", "2:14: renderers.parallax.depth_modle: "
         "'depth_modle' is not a setting; did you mean 'depth_model'?"),
        ("camera: {device: cpu}", "2:12: renderers.camera.device: 'device' is not a setting; "
         "camera has none"),
        ("wan: {memory: 8}", "2:9: renderers.wan.memory: 'memory' is not a setting; did you "
         "mean 'memory_gb'?"),
        ("listing: {grian: 1}", "2:13: renderers.listing.grian: 'grian' is not a setting; did "
         "you mean 'grain'?"),
    ],
)  # fmt: skip
def test_unknown_renderers_and_settings_are_rejected_at_their_place(
    settings: str, told: str, tmp_path: Path, others: None
) -> None:
    path = tmp_path / "video_config.yaml"
    path.write_text(f"renderers:\n  {settings}\n")
    with pytest.raises(InputError) as caught:
        read_config(None, tmp_path / "script.yaml")
    assert [str(problem) for problem in caught.value.problems] == [f"{path}:{told}"]


def test_any_setting_is_accepted_if_a_renderer_lists_none(tmp_path: Path, others: None) -> None:
    (tmp_path / "video_config.yaml").write_text(
        "renderers:\n  own: {anything: 1}\n  listing: {grain: 2, motion_guard: false}\n"
        "  parallax: {depth_model: a/b, revision: main, device: cpu}\n  camera: {}\n"
    )
    read = read_config(None, tmp_path / "script.yaml").renderers
    assert read["own"] == {"anything": 1}
    assert read["listing"] == {"grain": 2, "motion_guard": False}
