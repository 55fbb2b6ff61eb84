"""Sign a finished file with an embedded manifest that is bound to its content."""

from __future__ import annotations

import io
import struct
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ...renderers.error_text import one_line
from ..errors import WorkError
from ..files.exists import is_file
from .assertions import Claims, SourceFile
from .c2pa_library import FORMATS, context, library
from .credentials import Credentials
from .manifest import definition, ingredients, media_type


class SigningError(Exception):
    """The library refused to sign; the message is one line."""


@dataclass(frozen=True, slots=True)
class Signing:
    """The credentials and claims for one video."""

    credentials: Credentials
    claims: Claims
    title: str

    def sign(self, source: Path, target: Path) -> None:
        """Write a signed copy of a file, and verify it.

        Args:
            source: the finished video.
            target: written or overwritten with the same content and the manifest.

        Raises:
            WorkError: the library refuses, or the disk is full.
        """
        kind = FORMATS[Path(self.title).suffix.lower()]
        try:
            with source.open("rb") as stream, target.open("w+b") as signed:
                _sign(self, kind, stream, signed)
        except (SigningError, OSError) as error:
            raise WorkError(f"{self.title}: cannot be signed: {error}") from error

    def manifest_bytes(self) -> int:
        """Return the size that the manifest adds to an MP4 of any length, in bytes.

        Raises:
            SigningError: the library refuses the credentials.
        """
        signed = io.BytesIO()
        _sign(self, FORMATS[".mp4"], io.BytesIO(_EMPTY), signed)
        return len(signed.getvalue()) - len(_EMPTY)


def _sign(signing: Signing, kind: str, source: BinaryIO, target: BinaryIO) -> None:
    c2pa = library()
    credentials = signing.credentials
    described = ingredients(signing.claims)
    signed = [source for source in described if _has_manifest(source)]
    manifest = definition(signing.claims, signing.title)
    manifest["ingredients"] = [described[one] for one in described if one not in signed]
    try:
        with ExitStack() as stack:
            # No time stamp authority, which would need the network.
            info = c2pa.C2paSignerInfo(
                credentials.algorithm, credentials.chain, credentials.key, None
            )
            signer = stack.enter_context(c2pa.Signer.from_info(info))
            builder = stack.enter_context(c2pa.Builder(manifest, context()))
            for one in signed:
                assert one.path is not None
                with one.path.open("rb") as stream:
                    builder.add_ingredient(described[one], media_type(one.path), stream)
            builder.sign(signer, kind, source, target)
    except c2pa.C2paError as error:
        raise SigningError(one_line(error)) from None


def _has_manifest(source: SourceFile) -> bool:
    """Whether a source has a manifest of its own, which the reel's then includes."""
    kind, c2pa = media_type(source.path), library()
    if source.path is None or not is_file(source.path):
        return False
    if kind not in c2pa.Reader.get_supported_mime_types():
        return False
    try:
        with source.path.open("rb") as stream:
            reader = c2pa.Reader.try_create(kind, stream, context=context())
    except (c2pa.C2paError, OSError):  # A wrong suffix, or a remote manifest.
        return False
    if reader is None:
        return False
    reader.close()
    return True


def _box(name: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), name) + inside


_EMPTY = (
    _box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
    + _box(b"moov", _box(b"mvhd", struct.pack(">3x9xII80x", 1000, 0)))
    + _box(b"mdat", bytes(8))
)
"""A minimal MP4 without tracks (ISO/IEC 14496-12)."""
