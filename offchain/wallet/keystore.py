"""The key file: a wallet's seed, encrypted with a password in the usual format of Ethereum key files (version 3).

The secret is the seed's entropy, 16 or 32 bytes. The field `address` is left out: it is no key of an account. The
format's own check doesn't cover the counter `iv`, of which another one gives another seed: the field `checksum` does.
Files without it, as other programs write them, are read as well. Source:
Web3 Secret Storage Definition; scrypt as OWASP advises (n = 2^17, r = 8).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import uuid
from pathlib import Path
from typing import Any

from eth_keyfile.keyfile import decode_keyfile_json, encrypt_aes_ctr
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.wallet.keys import WORDS, Seed

SCRYPT_N, SCRYPT_R = 1 << 17, 8
MODE = 0o600


class KeyFileError(UserError):
    """Says in one line why a key file can't be read or written."""


def save(seed: Seed, path: Path, password: str, scrypt_n: int = SCRYPT_N) -> None:
    """Writes a new key file, readable by its owner alone, in one step. Raises KeyFileError if there is one already, the
    password is empty, or the folder can't be written to."""
    if not password:
        raise KeyFileError("a password is needed: whoever has the file could spend everything")
    content = _encrypted(seed.entropy, password.encode(), scrypt_n)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    if path.exists():
        raise KeyFileError(f"{path} exists: it is not overwritten, since its notes would be lost without it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE), "w") as file:
            file.write(json.dumps(content, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, never over a file that another process has just made
        finally:
            draft.unlink()
    except OSError as error:
        raise KeyFileError(f"{path} can't be written: {error.strerror}") from error


def load(path: Path, password: str) -> Seed:
    """The seed of a key file. Raises KeyFileError if the file is missing or damaged, or the password wrong."""
    damaged = KeyFileError(f"{path} is damaged or no key file: restore the wallet from its words")
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise KeyFileError(f"there is no key file {path}: make or restore a wallet first") from None
    except OSError as error:
        raise KeyFileError(f"{path} can't be read: {error.strerror}") from error
    except ValueError:
        raise damaged from None
    try:
        if "checksum" in content and content["checksum"] != _checksum(content):
            raise damaged
        key: Any = password.encode()  # UTF-8, as the format has it; the library would take text as Latin-1
        secret = bytes(decode_keyfile_json(content, key))
    except ValueError as error:
        if str(error) == "MAC mismatch":
            raise KeyFileError(f"the password of {path} is wrong, or the file is damaged") from None
        raise damaged from None
    except (KeyError, TypeError, AttributeError, NotImplementedError, ArithmeticError, MemoryError):
        raise damaged from None
    if len(secret) not in WORDS.values():
        raise damaged
    return Seed(secret)


def _encrypted(secret: bytes, password: bytes, scrypt_n: int) -> dict[str, Any]:
    salt, counter = secrets.token_bytes(32), secrets.token_bytes(16)
    memory = 130 * SCRYPT_R * scrypt_n + 2**20
    key = hashlib.scrypt(password, salt=salt, n=scrypt_n, r=SCRYPT_R, p=1, maxmem=memory, dklen=32)
    ciphertext = encrypt_aes_ctr(secret, key[:16], int.from_bytes(counter, "big"))
    crypto = {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": counter.hex()},
        "ciphertext": ciphertext.hex(),
        "kdf": "scrypt",
        "kdfparams": {"dklen": 32, "n": scrypt_n, "r": SCRYPT_R, "p": 1, "salt": salt.hex()},
        "mac": keccak(key[16:] + ciphertext).hex(),
    }
    content = {"crypto": crypto, "id": str(uuid.uuid4()), "version": 3}
    return content | {"checksum": _checksum(content)}


def _checksum(content: Any) -> str:
    """Of what gives the seed once the password is known: finds damage, not malice."""
    crypto = content["crypto"]
    return keccak(text=f"{crypto['cipherparams']['iv']} {crypto['mac']}").hex()
