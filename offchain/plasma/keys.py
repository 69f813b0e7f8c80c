"""An account's key in a file: 64 hexadecimal digits, or an Ethereum key file (version 3) with a password."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from offchain.errors import UserError


class AccountKeyError(UserError):
    """Says in one line why a file gives no key."""


def load_key(path: Path, password: Callable[[], str]) -> LocalAccount:
    """The account of a file; the password is asked for if the file is encrypted. Raises AccountKeyError."""
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AccountKeyError(f"the key file {path} can't be read: {error}") from error
    try:
        if text.startswith("{"):
            account: LocalAccount = Account.from_key(Account.decrypt(json.loads(text), password()))
        else:
            account = Account.from_key(text)
    except UserError:
        raise
    except (ValueError, TypeError, KeyError) as error:  # never the error's words: they could show the key
        what = "or the password is wrong" if text.startswith("{") else "of 64 hexadecimal digits"
        raise AccountKeyError(f"{path} is no key file, {what}") from error
    return account


def save_key(path: Path, account: LocalAccount) -> None:
    """Writes an account's key, readable by its owner alone."""
    path.touch(mode=0o600)
    path.write_text(bytes(account.key).hex() + "\n")
