"""Show mkdocstrings the packages under their installed name, `otio_gvideo`.

It reads sources and does not follow the editable install of a namespace package.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_links = tempfile.TemporaryDirectory(prefix="otio-gvideo-docs-")


def on_startup(**_: Any) -> None:
    """Put a folder of links first on the path of modules."""
    package = Path(_links.name) / "otio_gvideo"
    package.mkdir(exist_ok=True)
    for name in ("compiler", "renderers", "schemas"):
        link = package / name
        if not link.is_symlink():
            link.symlink_to(ROOT / name, target_is_directory=True)
    sys.path.insert(0, _links.name)
