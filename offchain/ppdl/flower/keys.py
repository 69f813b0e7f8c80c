"""The keys of a node's participants, in a file that is their owner's alone: a JSON list of keys in hex."""

from __future__ import annotations

import json
import os
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from offchain.errors import UserError


class KeysError(UserError):
    """Says in one line why a file of keys can't be used."""


def create(path: Path, count: int) -> list[LocalAccount]:
    """Makes a new file with so many new accounts. Raises KeysError if there is one, or it can't be written."""
    accounts: list[LocalAccount] = [Account.create() for _ in range(count)]
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(["0x" + bytes(account.key).hex() for account in accounts], file)
    except OSError as error:
        raise KeysError(f"{path} can't be written: {error.strerror}") from error
    return accounts


def read(path: Path) -> list[LocalAccount]:
    """The accounts of a file. Raises KeysError if it can't be used."""
    try:
        found = json.loads(path.read_text())
        if not isinstance(found, list) or not found or not all(isinstance(key, str) for key in found):
            raise ValueError("it is no list of keys")
        return [Account.from_key(key) for key in found]
    except OSError as error:
        raise KeysError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        raise KeysError(f"{path} has no keys: a JSON list of keys of 32 bytes in hex is needed") from None
