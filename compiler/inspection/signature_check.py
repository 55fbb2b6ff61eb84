"""Verify a reel's C2PA manifest, and compare its claims with the timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..provenance.assertions import Claims, differences
from ..provenance.c2pa_library import EXTRA
from ..provenance.verify import signature_of
from .findings import Finding

_MOST_NAMED = 3


def signature_findings(
    video: Path, claims: Callable[[], Claims], is_expected: bool
) -> Iterator[Finding]:
    """Yield findings on a manifest; none if there is no manifest and none is expected.

    Args:
        video: the finished file.
        claims: those of the timeline, worked out if there is a manifest.
        is_expected: whether the timeline states that its video is signed.

    Raises:
        OSError: the video cannot be read.
    """
    found = signature_of(video)
    if found is None:
        if is_expected:
            yield Finding("signature", False, "none", "a valid one, as the timeline states")
        return
    if not found.is_verified:
        yield Finding("signature", False, "not verified", f"a valid one; to verify it, {EXTRA}")
        return
    trust = "trusted" if found.is_trusted else "on no trust list"
    told = f"valid, by {found.signer} ({trust})"
    broken = ", ".join(found.failures)
    yield Finding("signature", not broken, broken or told, "a valid one")
    if found.claims is None:
        off = ["no claims of otio-gvideo"]
    else:
        off = list(differences(found.claims, claims()))
    named = ", ".join(off[:_MOST_NAMED]) + (", …" if len(off) > _MOST_NAMED else "")
    yield Finding("origin", not off, named or "as in the timeline", "as in the timeline")
