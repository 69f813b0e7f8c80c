"""The keys of a node's participants, in a file that is their owner's alone: a JSON list of keys in hex."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import click
import msgspec
from eth_account import Account
from eth_account.signers.local import LocalAccount

from offchain.errors import UserError

Key = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{64}\\Z")]
Keys = Annotated[list[Key], msgspec.Meta(min_length=1)]


class KeysError(UserError):
    """Says in one line why a file of keys can't be used."""


def create(path: Path, count: int) -> list[LocalAccount]:
    """Makes a new file with so many new accounts. Raises KeysError if there is one, or it can't be written."""
    accounts: list[LocalAccount] = [Account.create() for _ in range(count)]
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(["0x" + bytes(account.key).hex() for account in accounts]))
    except OSError as error:
        raise KeysError(f"{path} can't be written: {error.strerror}") from error
    return accounts


def read(path: Path) -> list[LocalAccount]:
    """The accounts of a file. Raises KeysError if it can't be used."""
    try:
        return [Account.from_key(key) for key in msgspec.json.decode(path.read_bytes(), type=Keys)]
    except OSError as error:
        raise KeysError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        raise KeysError(f"{path} has no keys: a JSON list of keys of 32 bytes in hex is needed") from None


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--homes", type=click.IntRange(1, 2047), required=True, help="How many homes the node has.")
def main(file: Path, homes: int) -> None:
    """Makes a FILE of new keys, and prints their addresses for the federation's file."""
    try:
        for account in create(file, homes):
            click.echo(account.address)
    except KeysError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
