"""Credentials that cannot sign are rejected in one line, before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.provenance import credentials as module
from otio_gvideo.compiler.provenance.credentials import Credentials
from otio_gvideo.compiler.script.config import load_config
from otio_gvideo.compiler.stages.signing import credentials_of

from . import authority

CONFIG = """\
provenance:
  sign: true
  certificate: secret/chain.pem
  key: secret/key.pem
"""


def credentials(folder: Path, text: str = CONFIG) -> Credentials | None:
    """Load the credentials of a configuration in a folder."""
    (folder / "video_config.yaml").write_text(text)
    return credentials_of(load_config(folder / "video_config.yaml", None))


def refusal(folder: Path, text: str = CONFIG) -> list[str]:
    """Return the lines of the error, from the place on."""
    with pytest.raises(InputError) as caught:
        credentials(folder, text)
    lines = [str(problem) for problem in caught.value.problems]
    assert all("\n" not in line for line in lines)
    return [line.removeprefix(f"{folder / 'video_config.yaml'}:") for line in lines]


@pytest.mark.parametrize(
    ("make", "algorithm"),
    [
        (lambda: ec.generate_private_key(ec.SECP256R1()), "es256"),
        (lambda: ec.generate_private_key(ec.SECP384R1()), "es384"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), "es512"),
        (ed25519.Ed25519PrivateKey.generate, "ed25519"),
        (lambda: rsa.generate_private_key(65537, 2048), "ps256"),
    ],
)
def test_the_key_decides_the_algorithm(
    make: Callable[[], authority.Key], algorithm: str, tmp_path: Path
) -> None:
    authority.write(tmp_path / "secret", key=make())
    found = credentials(tmp_path)
    assert found is not None
    assert found.algorithm == algorithm


def test_a_key_in_the_older_openssl_format_signs(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as form

    key = ec.generate_private_key(ec.SECP256R1())
    folder = authority.write(tmp_path / "secret", key=key)
    older = form.PrivateFormat.TraditionalOpenSSL
    (folder / "key.pem").write_bytes(
        key.private_bytes(form.Encoding.PEM, older, form.NoEncryption())
    )
    assert credentials(tmp_path) is not None


def test_without_sign_nothing_is_read(tmp_path: Path) -> None:
    assert credentials(tmp_path, CONFIG.replace("true", "false")) is None
    assert credentials(tmp_path, "workers: 1\n") is None


def test_missing_files_are_named_at_their_places(tmp_path: Path) -> None:
    folder = tmp_path / "secret"
    assert refusal(tmp_path) == [
        f"3:16: provenance.certificate: {folder / 'chain.pem'}: no such file",
        f"4:8: provenance.key: {folder / 'key.pem'}: no such file",
    ]
    assert refusal(tmp_path, "provenance: {sign: true}\n") == [
        "1:20: provenance.sign: signing needs a certificate; name a PEM file: certificate: FILE",
        "1:20: provenance.sign: signing needs a key; name a PEM file: key: FILE",
    ]


def test_an_encrypted_key_is_rejected(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    folder = authority.write(tmp_path / "secret", key=key)
    (folder / "key.pem").write_bytes(authority.pkcs8(key, b"password"))
    (line,) = refusal(tmp_path)
    assert line.startswith("4:8: provenance.key: ")
    assert "is encrypted; decrypt it" in line


def test_a_key_of_another_certificate_is_rejected(tmp_path: Path) -> None:
    folder = authority.write(tmp_path / "secret")
    (folder / "key.pem").write_bytes(authority.pkcs8(ec.generate_private_key(ec.SECP256R1())))
    assert refusal(tmp_path) == [
        "4:8: provenance.key: is not the key of the certificate; name a certificate and its own key"
    ]


def test_a_chain_in_the_wrong_order_is_rejected(tmp_path: Path) -> None:
    folder = authority.write(tmp_path / "secret")
    chain = (folder / "chain.pem").read_text()
    root = (folder / "root.pem").read_text()
    (folder / "chain.pem").write_text(root + chain.removesuffix(root))
    (line,) = refusal(tmp_path)
    assert line.startswith("3:16: provenance.certificate: begins with another certificate")


@pytest.mark.parametrize(
    ("days", "told"), [((-9, -2), "expired on 20"), ((2, 9), "is not valid before 20")]
)
def test_an_expired_or_future_certificate_is_rejected(
    days: tuple[int, int], told: str, tmp_path: Path
) -> None:
    authority.write(tmp_path / "secret", days=days)
    (line,) = refusal(tmp_path)
    assert line.startswith("3:16: provenance.certificate: CN=Test signer")
    assert told in line


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP224R1()),
        lambda: rsa.generate_private_key(65537, 1024),
        lambda: dsa.generate_private_key(2048),
        ed448.Ed448PrivateKey.generate,
    ],
)
def test_unsupported_keys_are_rejected(make: Callable[[], authority.Key], tmp_path: Path) -> None:
    folder = authority.write(tmp_path / "secret")
    (folder / "key.pem").write_bytes(authority.pkcs8(make()))
    (line,) = refusal(tmp_path)
    assert line.startswith(
        "4:8: provenance.key: holds a key of a kind that cannot sign; C2PA takes"
    )


def test_a_certificate_that_c2pa_refuses_is_rejected_before_work(tmp_path: Path) -> None:
    authority.write(tmp_path / "secret", usage=ExtendedKeyUsageOID.SERVER_AUTH)
    (line,) = refusal(tmp_path)
    assert line.startswith("3:16: provenance.certificate: C2PA rejects it: ")


@pytest.mark.parametrize("content", [b"", b"\xff\x00junk", b"-----BEGIN PRIVATE KEY-----\nsecret"])
def test_files_other_than_pem_are_rejected_and_not_quoted(content: bytes, tmp_path: Path) -> None:
    folder = authority.write(tmp_path / "secret")
    whole = (folder / "key.pem").read_bytes()
    (folder / "key.pem").write_bytes(content)
    (line,) = refusal(tmp_path)
    assert "holds no PEM private key" in line
    assert "secret\n" not in line
    (folder / "key.pem").write_bytes(whole)
    (folder / "chain.pem").write_bytes(content)
    (line,) = refusal(tmp_path)
    assert line.startswith("3:16: provenance.certificate: ")
    assert "holds no PEM certificate" in line


def test_the_key_is_not_shown(tmp_path: Path) -> None:
    authority.write(tmp_path / "secret")
    found = credentials(tmp_path)
    assert found is not None
    assert "PRIVATE" not in repr(found)


def test_without_the_extra_nothing_is_signed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    authority.write(project.parent / "secret")
    (project.parent / "video_config.yaml").write_text(CONFIG)
    monkeypatch.setattr(module, "is_installed", lambda: False)
    assert main(["compile", str(project)]) == 2
    assert (
        capsys.readouterr()
        .err.strip()
        .endswith(
            "video_config.yaml:2:9: provenance.sign: signing needs the package c2pa-python; "
            "pip install 'otio-gvideo[c2pa]'"
        )
    )
    assert not (project.parent / "build").exists()
