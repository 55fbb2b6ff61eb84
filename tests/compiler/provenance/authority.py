"""A certificate authority for tests: a root, signers' certificates, and keys as PEM files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = Any
USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
          "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
          "decipher_only")  # fmt: skip


def write(
    folder: Path,
    *,
    key: Key | None = None,
    days: tuple[int, int] = (-1, 30),
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
) -> Path:
    """Write ``chain.pem`` (signer, root), ``root.pem`` and ``key.pem`` into a folder.

    Args:
        folder: created if necessary.
        key: of the signer; P-256 by default.
        days: the validity of the signer's certificate, in days from now.
        usage: extended key usage of the signer; C2PA takes e-mail protection.
    """
    folder.mkdir(parents=True, exist_ok=True)
    root_key = ec.generate_private_key(ec.SECP256R1())
    key = key or ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Test root", "Test root", root_key.public_key(), root_key, (-10, 100))
    signer = _certificate("Test signer", "Test root", key.public_key(), root_key, days, usage)
    pem = serialization.Encoding.PEM
    certificates = [one.public_bytes(pem) for one in (signer, root)]
    (folder / "chain.pem").write_bytes(b"".join(certificates))
    (folder / "root.pem").write_bytes(certificates[1])
    (folder / "key.pem").write_bytes(pkcs8(key))
    return folder


def pkcs8(key: Key, password: bytes = b"") -> bytes:
    """Return a private key as PEM, encrypted if there is a password."""
    how: Any = serialization.NoEncryption()
    if password:
        how = serialization.BestAvailableEncryption(password)
    return bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    )


def _certificate(
    subject: str,
    issuer: str,
    public: Key,
    signing: Key,
    days: tuple[int, int],
    usage: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    """Return a signer's certificate if it has a usage, else a root."""
    now, is_root = datetime.now(UTC), usage is None
    on = {"key_cert_sign", "crl_sign"} if is_root else {"digital_signature"}
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(x509.KeyUsage(**{name: name in on for name in USAGES}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
        builder = builder.add_extension(issued_by, critical=False)
    is_plain = isinstance(signing, ed25519.Ed25519PrivateKey)
    return builder.sign(signing, None if is_plain else hashes.SHA256())


def _name(common: str) -> x509.Name:
    pairs = (
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "Test Studio"),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in pairs])
