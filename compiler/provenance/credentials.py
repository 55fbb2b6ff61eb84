"""Signing credentials: a certificate chain and its private key, from PEM files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, Problem
from ..files.exists import is_file
from ..script.config import Config, Provenance
from .c2pa_library import EXTRA, is_installed

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MOST_BYTES = 1 << 20
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_LEAST_RSA_BITS = 2048
_KEYS = "C2PA takes EC keys (P-256, P-384, P-521), Ed25519, and RSA of at least 2048 bits"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A signer's certificate chain and private key.

    Attributes:
        algorithm: the library's name of it, such as ``es256``; follows from the key.
        chain: PEM certificates, the signer's first.
        key: PEM private key (PKCS #8).
    """

    algorithm: str
    chain: bytes
    key: bytes = field(repr=False)


def load_credentials(config: Config) -> Credentials | None:
    """Load the credentials of a configuration; None if signing is not configured.

    Raises:
        InputError: the extra or a file is missing, or a file is unusable; names all problems.
    """
    stated = config.provenance
    if not stated.sign:
        return None

    def problem(name: str, what: str, hint: str = "") -> Problem:
        return config.problem(("provenance", name), what, hint)

    if not is_installed():
        raise InputError(problem("sign", "signing needs the package c2pa-python", EXTRA))
    problems = list(_absent(stated, problem))
    if problems:
        raise InputError(sorted(problems))
    assert stated.certificate is not None and stated.key is not None
    chain = _chain(stated.certificate, problem)
    key = _key(stated.key, problem)
    algorithm = _algorithm(key)
    if not algorithm:
        raise InputError(problem("key", "holds a key of a kind that cannot sign", _KEYS))
    problems = list(_unusable(chain, key, problem))
    if problems:
        raise InputError(sorted(problems))
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - optional

    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return Credentials(
        algorithm,
        b"".join(certificate.public_bytes(pem) for certificate in chain),
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain),
    )


_ProblemAt = Callable[..., Problem]


def _absent(stated: Provenance, problem: _ProblemAt) -> Iterator[Problem]:
    for name, path in (("certificate", stated.certificate), ("key", stated.key)):
        if path is None:
            yield problem("sign", f"signing needs a {name}", f"name a PEM file: {name}: FILE")
        elif not is_file(path):
            yield problem(name, f"{path}: no such file")
        elif path.stat().st_size > _MOST_BYTES:
            yield problem(name, f"{path}: is larger than 1 MB, so it is not a PEM file")


def _read(path: Path, name: str, problem: _ProblemAt) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(problem(name, f"{path}: cannot be read: {error.strerror}")) from error


def _chain(path: Path, problem: _ProblemAt) -> list[Certificate]:
    from cryptography import x509  # noqa: PLC0415 - optional

    try:
        return list(x509.load_pem_x509_certificates(_read(path, "certificate", problem)))
    except ValueError as error:
        what, hint = f"{path}: holds no PEM certificate", "it begins with BEGIN CERTIFICATE"
        raise InputError(problem("certificate", what, hint)) from error


def _key(path: Path, problem: _ProblemAt) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - optional
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - optional

    content = _read(path, "key", problem)
    what, hint = f"{path}: holds no PEM private key", "it begins with BEGIN PRIVATE KEY"
    try:
        return serialization.load_pem_private_key(content, None)
    except TypeError:
        what, hint = f"{path}: is encrypted", "decrypt it: openssl pkey -in FILE -out PLAIN"
    except UnsupportedAlgorithm:
        what, hint = f"{path}: holds a key of a kind that cannot sign", _KEYS
    except ValueError:
        pass  # Its message may quote the key.
    raise InputError(problem("key", what, hint)) from None


def _algorithm(key: Any) -> str:
    """Return the signature algorithm of a private key; empty if C2PA supports none for it."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _CURVES.get(key.curve.name, "")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST_RSA_BITS:
        return "ps256"
    return ""


def _unusable(chain: list[Certificate], key: Any, problem: _ProblemAt) -> Iterator[Problem]:
    """Yield expired certificates, and a key that does not belong to the signer's."""
    now = datetime.now(UTC)
    for certificate in chain:
        name = certificate.subject.rfc4514_string()
        if certificate.not_valid_after_utc < now:
            day = certificate.not_valid_after_utc.date()
            yield problem("certificate", f"{name}: expired on {day}", "renew it")
        elif certificate.not_valid_before_utc > now:
            day = certificate.not_valid_before_utc.date()
            yield problem("certificate", f"{name}: is not valid before {day}")
    matching = [certificate.public_key() == key.public_key() for certificate in chain]
    if not any(matching):
        yield problem(
            "key", "is not the key of the certificate", "name a certificate and its own key"
        )
    elif not matching[0]:
        what = "begins with another certificate than the key's"
        yield problem("certificate", what, "put the signer's first, then its issuers'")
