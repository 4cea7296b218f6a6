"""Encryption of backups by age (https://age-encryption.org): whole files as streams, which any `age` can open again.

    recipients ──► Lock ──seal──► database.db.age ──unseal──► Key ◄── identity
    passphrase ──► Lock of a key made for it, which lies in the manifest, itself encrypted by the passphrase

A Lock only writes: a machine that makes backups needs no key to read them.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pyrage

from dq.backup.manifest import Seal
from dq.errors import ConfigurationError, DamagedError
from dq.stores.private import open_file

ENDING = ".age"
_NO_KEY = "No matching keys"


@dataclass(frozen=True)
class Lock:
    """What encrypts: the public keys, and the seal that the manifest tells of them."""

    seal: Seal
    recipients: tuple[object, ...] = field(repr=False)


@dataclass(frozen=True)
class Key:
    """What decrypts: private keys; never shown."""

    identities: tuple[object, ...] = field(repr=False)


def lock_of(recipients: str) -> Lock:
    """The lock of public keys (`age1…`, `ssh-ed25519 …`, `ssh-rsa …`), one a line; lines that begin with # are notes.

    Raises:
        ConfigurationError: A line is no public key.
    """
    lines = _lines(recipients)
    try:
        keys = tuple(_recipient(line) for line in lines)
    except pyrage.RecipientError as error:
        raise _unusable("recipient", "age1… or ssh-…") from error
    if not keys:
        raise _unusable("recipient", "age1… or ssh-…")
    name = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
    return Lock(Seal("recipients", name), keys)


def key_of(identity: str) -> Key:
    """The key of an identity: `AGE-SECRET-KEY-1…` lines as `age-keygen` writes them, or an SSH private key.

    Raises:
        ConfigurationError: It is neither.
    """
    try:
        if "PRIVATE KEY" in identity:
            return Key((pyrage.ssh.Identity.from_buffer(identity.strip().encode() + b"\n"),))
        keys = tuple(pyrage.x25519.Identity.from_str(line) for line in _lines(identity))
    except pyrage.IdentityError as error:
        raise _unusable("identity", "AGE-SECRET-KEY-1…") from error
    if not keys:
        raise _unusable("identity", "AGE-SECRET-KEY-1…")
    return Key(keys)


def lock_of_identity(identity: str) -> Lock:
    """The lock whose key is an age identity.

    Raises:
        ConfigurationError: It is none; an SSH key's public part must be named as recipient.
    """
    try:
        return lock_of("\n".join(str(pyrage.x25519.Identity.from_str(line).to_public()) for line in _lines(identity)))
    except pyrage.IdentityError as error:
        raise _unusable("recipient", "age1… or ssh-…") from error


def lock_of_passphrase(passphrase: str, earlier: Sequence[Seal]) -> Lock:
    """The lock of a passphrase: that of an earlier seal which it opens, so that files can be shared, else a new one.

    Args:
        passphrase: The passphrase. Turning one into a key takes a second or more: age means it to.
        earlier: Seals of earlier backups, the likeliest first.
    """
    for seal in earlier:
        if (identity := _unwrapped(seal, passphrase)) is not None:
            return Lock(seal, (pyrage.x25519.Identity.from_str(identity).to_public(),))
    identity = pyrage.x25519.Identity.generate()
    public = identity.to_public()
    wrapped = pyrage.passphrase.encrypt(str(identity).encode(), passphrase, armored=True).decode()
    name = hashlib.sha256(str(public).encode()).hexdigest()[:16]
    return Lock(Seal("passphrase", name, wrapped), (public,))


def key_of_passphrase(passphrase: str, seal: Seal) -> Key:
    """The key of a backup that was made with a passphrase.

    Raises:
        ConfigurationError: It was another passphrase.
    """
    identity = _unwrapped(seal, passphrase)
    if identity is None:
        raise _wrong("passphrase")
    return key_of(identity)


def seal(source: Path, target: Path, lock: Lock) -> str:
    """Encrypt a file into a new one, on the disk before it counts; returns the new one's SHA-256.

    Raises:
        OSError: It cannot be written.
    """
    with source.open("rb") as plain, open_file(target) as number, os.fdopen(os.dup(number), "wb") as file:
        told = _Told(file)
        try:
            pyrage.encrypt_io(plain, told, lock.recipients)
        except (pyrage.EncryptError, OSError) as error:
            raise told.error or error from error
        file.flush()
        os.fsync(number)
        return told.digest.hexdigest()


def unseal(source: Path, target: Path, key: Key) -> None:
    """Decrypt a file into a new one.

    Raises:
        ConfigurationError: The key is another one's.
        DamagedError: The file is cut off or was altered.
        OSError: The new one cannot be written.
    """
    with source.open("rb") as sealed, open_file(target) as number, os.fdopen(os.dup(number), "wb") as file:
        told = _Told(file)
        try:
            pyrage.decrypt_io(sealed, told, key.identities)
        except (pyrage.DecryptError, OSError) as error:
            if told.error is not None:
                raise told.error from error
            if _NO_KEY in str(error):
                raise _wrong("identity") from error
            what = f"An encrypted file of a backup is cut off or was altered: {source.name}"
            fix = "dq backup list, and take another one"
            raise DamagedError(what, where=str(source), why="age cannot vouch for its content.", fix=fix) from error


class _Told:
    """A file that age writes to: knows the digest of what went through, and the disk's own error, which age rephrases."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            self.digest.update(data)
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            self.error = error
            raise


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _recipient(line: str) -> object:
    return pyrage.ssh.Recipient.from_str(line) if line.startswith("ssh-") else pyrage.x25519.Recipient.from_str(line)


def _unwrapped(seal: Seal, passphrase: str) -> str | None:
    if seal.wrapped is None:
        return None
    try:
        identity: str = pyrage.passphrase.decrypt(seal.wrapped.encode(), passphrase).decode()
    except pyrage.DecryptError:
        return None
    return identity


def _unusable(name: str, form: str) -> ConfigurationError:
    key = f"backups.encryption.{name}"
    return ConfigurationError(f"{key} is no key that age knows.", where=key, fix=f"write it as {form}, one a line")


def _wrong(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"The {name} does not open this backup.",
        where=f"backups.encryption.{name}",
        why="It was encrypted for another one.",
        fix=f"name the {name} that belongs to it, e.g. {name}_file",
    )
