"""Claims of a manifest about a reel: its sources, and the models that generated its slots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LABEL = "org.otio-gvideo.reel"
"""The label of the assertion with the claims."""
VERSION = 1
_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED = f"{_IPTC}trainedAlgorithmicMedia"
PARTLY_GENERATED = f"{_IPTC}compositeWithTrainedAlgorithmicMedia"
COMPOSITE = f"{_IPTC}composite"
"""IPTC digital source types: https://cv.iptc.org/newscodes/digitalsourcetype/"""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source file of a reel.

    Attributes:
        name: the file name, without folders.
        sha256: of its content; empty if it cannot be read.
        is_shown: whether the reel shows or plays it; False if it is only an input of a model.
        path: on this machine; None if it is on a network.
    """

    name: str
    sha256: str
    is_shown: bool
    path: Path | None

    @property
    def is_lost(self) -> bool:
        """Whether it is a local file that cannot be read; it is not claimed then."""
        return self.path is not None and not self.sha256


@dataclass(frozen=True, slots=True)
class GeneratedSlot:
    """A slot whose video a model generated.

    Attributes:
        name: of its clip.
        renderer, model: its generator.
        licence: of the model; empty if unknown.
        seconds: start and end of its body in the reel, in seconds; None if unknown.
        sources: the model's inputs.
    """

    name: str
    renderer: str
    model: str
    licence: str
    seconds: tuple[float, float] | None
    sources: tuple[SourceFile, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims about a reel."""

    sources: tuple[SourceFile, ...] = ()
    slots: tuple[GeneratedSlot, ...] = ()

    @property
    def source_type(self) -> str:
        """The IPTC digital source type of the reel."""
        if not self.slots:
            return COMPOSITE
        is_mixed = any(source.is_shown for source in self.sources)
        return PARTLY_GENERATED if is_mixed else GENERATED

    def as_json(self) -> dict[str, Any]:
        """Return the content of the assertion."""
        return {
            "version": VERSION,
            "digitalSourceType": self.source_type,
            "sources": [
                {"name": one.name, "sha256": one.sha256} for one in self.sources if not one.is_lost
            ],
            "generated": [
                {
                    "slot": one.name,
                    "renderer": one.renderer,
                    "model": one.model,
                    "licence": one.licence,
                }
                for one in self.slots
            ],
        }


def differences(stated: Any, claims: Claims) -> Iterator[str]:
    """Yield wrong and missing claims of a manifest, one line each.

    Args:
        stated: the content of the manifest's assertion.
        claims: the claims that the timeline supports.
    """
    expected = claims.as_json()
    if not isinstance(stated, Mapping) or stated.get("version") != VERSION:
        yield "claims of another version"
        return
    if stated.get("digitalSourceType") != expected["digitalSourceType"]:
        kind = str(stated.get("digitalSourceType")).removeprefix(_IPTC)
        yield f"{kind} in place of {claims.source_type.removeprefix(_IPTC)}"
    lost = {one.name for one in claims.sources if one.is_lost}
    yield from (f"{name} cannot be read" for name in sorted(lost))
    for key, name in (("sources", "name"), ("generated", "slot")):
        found, wanted = _entries(stated.get(key)), _entries(expected[key])
        stated_names = {dict(entry).get(name, "") for entry in found}
        names = {dict(entry)[name] for entry in wanted}
        for label in sorted({dict(entry)[name] for entry in wanted - found}):
            yield f"{label} differs" if label in stated_names else f"{label} is not stated"
        yield from (f"{one} is not in the timeline" for one in sorted(stated_names - names - lost))


def _entries(value: Any) -> set[tuple[tuple[str, str], ...]]:
    entries: Iterable[Any] = value if isinstance(value, list) else ()
    return {
        tuple(sorted((str(key), str(entry[key])) for key in entry))
        for entry in entries
        if isinstance(entry, Mapping)
    }
