"""The key file: a wallet's seed, encrypted with a password in the usual format of Ethereum key files (version 3).

The 32 secret bytes are the seed's entropy, that of 12 words written twice. The field `address` is left out: it would
be of no account that is ever used. Source: Web3 Secret Storage Definition; scrypt as OWASP advises (n = 2^17, r = 8).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from offchain.errors import UserError
from offchain.wallet.keys import Seed

SCRYPT_N = 1 << 17
SECRET_BYTES = 32
MODE = 0o600


class KeyFileError(UserError):
    """Says in one line why a key file can't be read or written."""


def save(seed: Seed, path: Path, password: str, scrypt_n: int = SCRYPT_N) -> None:
    """Writes a new key file, readable by its owner alone, in one step. Raises KeyFileError if there is one already, the
    password is empty, or the folder can't be written to."""
    if not password:
        raise KeyFileError("a password is needed: whoever has the file could spend everything")
    secret = seed.entropy * (SECRET_BYTES // len(seed.entropy))
    content = create_keyfile_json(secret, _bytes(password), kdf="scrypt", iterations=scrypt_n)
    del content["address"]
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
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise KeyFileError(f"there is no key file {path}: make or restore a wallet first") from None
    except OSError as error:
        raise KeyFileError(f"{path} can't be read: {error.strerror}") from error
    except ValueError:
        raise KeyFileError(f"{path} is damaged or no key file: restore the wallet from its words") from None
    try:
        secret = bytes(decode_keyfile_json(content, _bytes(password)))
    except ValueError as error:
        if str(error) == "MAC mismatch":
            raise KeyFileError(f"the password of {path} is wrong, or the file is damaged") from None
        raise KeyFileError(f"{path} is damaged or no key file: restore the wallet from its words") from None
    except (KeyError, TypeError, AttributeError, NotImplementedError, ArithmeticError, MemoryError):
        raise KeyFileError(f"{path} is damaged or no key file: restore the wallet from its words") from None
    if len(secret) != SECRET_BYTES:
        raise KeyFileError(f"{path} is damaged or no key file: restore the wallet from its words")
    half = SECRET_BYTES // 2
    return Seed(secret[:half] if secret[:half] == secret[half:] else secret)


def _bytes(password: str) -> Any:
    """UTF-8, as the format has it; the library's own types say text, which it would take as Latin-1."""
    return password.encode()
