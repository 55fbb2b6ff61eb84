"""Read and verify the manifest of a finished file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...renderers.error_text import one_line
from ..media.mp4 import holds_manifest
from .assertions import LABEL
from .c2pa_library import FORMATS, context, is_installed, library

_UNTRUSTED = "signingCredential.untrusted"


@dataclass(frozen=True, slots=True)
class Signature:
    """The manifest of a video.

    Attributes:
        is_verified: False if the package is not installed; all other fields are then empty.
        failures: C2PA status codes of failed checks, such as ``assertion.bmffHash.mismatch``.
        signer: name and organization in the certificate.
        is_trusted: whether the certificate is on a trust list; False without one.
        claims: the content of our assertion; None if there is none.
    """

    is_verified: bool
    failures: tuple[str, ...] = ()
    signer: str = ""
    is_trusted: bool = False
    claims: Any = None


def signature_of(video: Path) -> Signature | None:
    """Return the verified manifest of a video; None if it has none.

    Raises:
        OSError: the file cannot be read.
    """
    kind = FORMATS.get(video.suffix.lower())
    if kind is None:
        return None
    if not is_installed():
        return Signature(False) if holds_manifest(video) else None
    c2pa = library()
    try:
        with video.open("rb") as stream:
            reader = c2pa.Reader.try_create(kind, stream, context=context())
            if reader is None:
                return None
            with reader:
                return _signature(reader)
    except c2pa.C2paError as error:
        return Signature(True, (one_line(error),))


def _signature(reader: Any) -> Signature:
    results = reader.get_validation_results() or {}
    status = results.get("activeManifest", {}).get("failure", [])
    deltas = [one.get("validationDeltas", {}) for one in results.get("ingredientDeltas") or ()]
    status = [*status, *(failure for one in deltas for failure in one.get("failure", []))]
    failures = tuple(dict.fromkeys(str(one["code"]) for one in status if one["code"] != _UNTRUSTED))
    state = str(reader.get_validation_state())
    if state == "Invalid" and not failures:
        failures = ("invalid",)
    active: Mapping[str, Any] = reader.get_active_manifest() or {}
    info = active.get("signature_info") or {}
    names = [str(info[key]) for key in ("common_name", "issuer") if info.get(key)]
    held = (one for one in active.get("assertions") or () if one.get("label") == LABEL)
    claims = next((one.get("data") for one in held), None)
    return Signature(True, failures, ", ".join(names), state == "Trusted", claims)
