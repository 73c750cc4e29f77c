"""The key that signs what is handed out as evidence: made once in `var/`, known outside by its fingerprint.

In: the workspace's `var`, bytes. Out: Ed25519 signatures and the public key as PEM. The fingerprint is the SHA-256 of
the public key in DER, the one that `openssl pkey -pubin -in key.pem -outform DER | sha256sum` prints.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from service.settings import write_once

FILE: Final = "evidence-key"


class NoKey(ValueError):
    """A text that holds no Ed25519 key in the one spelling that we write."""


def own_key(var: Path) -> Ed25519PrivateKey:
    """The key of this workspace, made on first use, readable by its owner alone."""
    path = var / FILE
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        write_once(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise NoKey(f"{path} is no Ed25519 key; put the one of your backup back")
    return key


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """The public half as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def own_fingerprint(var: Path) -> str:
    """The fingerprint of this workspace's key, 64 hex digits."""
    return fingerprint(public_pem(own_key(var)))


def fingerprint(pem: bytes) -> str:
    """The fingerprint of a public key. Raises NoKey."""
    key = _public(pem)
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def signed_by(pem: bytes, signature: bytes, said: bytes) -> bool:
    """Whether the key signed exactly these bytes. Raises NoKey."""
    try:
        _public(pem).verify(signature, said)
    except InvalidSignature:
        return False
    return True


def _public(pem: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise NoKey("this is no public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise NoKey("this is no Ed25519 key")
    if key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) != pem:
        raise NoKey("this key is not written as we write one")
    return key
