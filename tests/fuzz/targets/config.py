"""``video_config.yaml``."""

from __future__ import annotations

from pathlib import Path

from otio_gvideo.compiler.script.config import load_config

from .. import mutators

SUFFIX = ".yaml"

mutate = mutators.one_of(*[mutators.mutate_text] * 4, mutators.mutate_bytes)

CONFIG = b"""\
encoder: {codec: h264, preset: fast, crf: 20}
preset: web
presets:
  web: {codec: hevc, crf: 24, max_mb: 20.5, sizes: [1080x1920, 720x720], reframe: salient}
  "24": {codec: gif, height: 320, fps: 12}
transitions: {light: linear, expressions: {slow: "A*P+B*(1-P)"}}
workers: auto
renderers:
  ltx: {model: ./models/a, offload: model, steps: 8, scale: 0.5, names: [~/a, b]}
"""


def seeds() -> list[bytes]:
    return [CONFIG, b"workers: 2\n"]


def read(path: Path) -> None:
    load_config(path, None)
