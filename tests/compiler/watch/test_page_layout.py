"""The layout of the page of `view`, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from otio_gvideo.compiler import view_timeline

_LABELS = """[...document.querySelectorAll('.join b')].map(label => {
  const inside = label.getBoundingClientRect(), box = label.parentElement.getBoundingClientRect();
  return [inside.left - box.left, box.right - inside.right, inside.width];
})"""


def test_labels_of_transitions_begin_and_end_inside_them(compiled: Path, page: Any) -> None:
    page.goto(view_timeline(compiled).path.as_uri())
    narrow = 0
    for width in (1100, 1300, 1500, 2400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"innerWidth === {width}")
        for left, right, shown in page.evaluate(_LABELS):
            assert not shown or min(left, right) >= 0
            narrow += 0 < shown < 65
    assert narrow
