"""The optional package `c2pa`, configured not to use the network.

Specification: https://spec.c2pa.org (2.2). The package binds the Rust library of the Content
Authenticity Initiative, and is imported on use.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import Any

EXTRA = "pip install 'otio-gvideo[c2pa]'"
FORMATS = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
"""Media types of videos that can hold a manifest, by suffix."""
_SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": True},
    "builder": {"thumbnail": {"enabled": False}},
    # Larger files are buffered on disk while they are signed.
    "core": {"backing_store_memory_threshold_in_mb": 64},
}


def is_installed() -> bool:
    """Whether the extra is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("c2pa", "cryptography"))


def library() -> Any:
    """Import the package.

    Raises:
        ImportError: it is not installed, or its native library does not load.
    """
    return importlib.import_module("c2pa")


@functools.cache
def context() -> Any:
    """Return the context of all readers and builders: no network, no thumbnails."""
    c2pa = library()
    return c2pa.Context(settings=c2pa.Settings.from_dict(_SETTINGS))
