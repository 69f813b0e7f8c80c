"""Makes the folder with all that an installation of `deploy/compose.yaml` has of its own.

    .venv/bin/python deploy/prepare.py deploy/installation

Secrets are drawn here and nowhere else. It makes the keys of all four operators: right for one who runs the whole on
one machine. Where each operator runs its own part, each draws its own keys (docs/flows/operations.md).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_keys.datatypes import PrivateKey

from deploy.besu.make_genesis import CHAIN_ID, DEVELOPMENT_CHAIN_IDS, besu_genesis
from offchain.command import Command
from offchain.errors import UserError

USER = 10001
"""Whom the containers' processes run as, and whose group reads the secrets."""

NODES = (1, 2, 3, 4)
P2P_PORT = 30303
ACCOUNTS = ("coordinator_key", "authority_2_key", "authority_3_key", "authority_4_key", "watcher_key")
PASSWORDS = ("flush", "relayer", "store", "inference_1", "inference_2")
MQTT_USER = "intake"
HASH_ROUNDS = 101
"""As `mosquitto_passwd` has them."""


class PrepareError(UserError):
    """Says in one line why there is no such installation."""


def address_of_peer(number: int) -> str:
    """The network address of a validator, as compose.yaml has it."""
    return f"172.31.250.{10 + number}"


def mqtt_password(password: str, salt: bytes) -> str:
    """A password as Mosquitto keeps it: PBKDF2 with SHA-512."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS, 64)
    return f"$7${HASH_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def drawn() -> str:
    """A password of 256 bits."""
    return secrets.token_urlsafe(32)


def write(path: Path, content: str, mode: int = 0o440) -> None:
    """Writes a new file that its owner and group read alone."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    path.chmod(mode)


def write_secrets(folder: Path) -> dict[str, str]:
    """Draws all secrets but those of TLS; returns the accounts' addresses by the names of their keys."""
    postgres, broker = drawn(), drawn()
    write(folder / "postgres_password", postgres)
    write(folder / "database_url", f"postgresql://openmg:{postgres}@postgres/openmg\n")
    write(folder / "mqtt_url", f"mqtt://{MQTT_USER}:{broker}@mosquitto\n")
    write(folder / "mqtt_users", f"{MQTT_USER}:{mqtt_password(broker, os.urandom(12))}\n")
    for name in PASSWORDS:
        write(folder / f"{name}_password", drawn() + "\n")
    accounts: dict[str, LocalAccount] = {name: Account.create() for name in ACCOUNTS}
    for name, account in accounts.items():
        write(folder / name, bytes(account.key).hex() + "\n")
    return {name: str(account.address) for name, account in accounts.items()}


def write_validators(folder: Path, operator: str, chain_id: int) -> list[str]:
    """Draws the validators' keys, and writes their folders and the genesis with `operator` as who delivers deposits;
    returns the validators' addresses."""
    keys = {number: PrivateKey(bytes(Account.create().key)) for number in NODES}
    enodes = [
        f"enode://{key.public_key.to_hex()[2:]}@{address_of_peer(number)}:{P2P_PORT}" for number, key in keys.items()
    ]
    for number, key in keys.items():
        write(folder / str(number) / "key", key.to_hex() + "\n", 0o400)
        write(folder / str(number) / "static-nodes.json", json.dumps(enodes, indent=2) + "\n")
    validators = [str(key.public_key.to_checksum_address()) for key in keys.values()]
    genesis = besu_genesis(operator, validators, chain_id, int(time.time()))
    write(folder / "genesis.json", json.dumps(genesis, indent=2) + "\n", 0o444)
    return validators


def prepare(folder: Path, chain_id: int) -> dict[str, str]:
    """Makes the folder; returns the accounts' addresses. Raises PrepareError if it is there, or can't be written."""
    if chain_id in DEVELOPMENT_CHAIN_IDS:
        raise PrepareError(f"chain id {chain_id} is a development chain's, where anyone's proofs are taken")
    if os.path.lexists(folder):
        raise PrepareError(f"{folder} exists: its keys would be lost, give another name")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            draft = Path(scratch) / folder.name
            addresses = _draft(draft, chain_id)
            draft.rename(folder)
    except OSError as error:
        raise PrepareError(f"{folder} can't be written: {error}") from error
    return addresses


def _draft(folder: Path, chain_id: int) -> dict[str, str]:
    """The folder's content, which belongs to the containers' user where that can be done."""
    addresses = write_secrets(folder / "secrets")
    write_validators(folder / "besu", addresses["coordinator_key"], chain_id)
    for name in ("deployments", f"metering/{chain_id}"):
        (folder / name).mkdir(mode=0o750, parents=True)
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, USER, USER)
    return addresses


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--chain-id", type=click.IntRange(1), default=CHAIN_ID, show_default=True, help="Of the plasma chain.")
def cli(folder: Path, chain_id: int) -> None:
    """Makes FOLDER with the keys, passwords and genesis of a new installation."""
    addresses = prepare(folder, chain_id)
    click.echo(
        f"{folder} is made. It needs secrets/tls_certificate and secrets/tls_key, and the manifests of both chains."
    )
    if os.geteuid() != 0:
        click.echo(f"Give it to the containers' user: sudo chown --recursive {USER}:{USER} {folder}")
    click.echo("Accounts; those but the watcher's go into `ape run deploy bridge --authority`:")
    for name, address in addresses.items():
        click.echo(f"  {address}  {name.removesuffix('_key').replace('_', '-')}")


if __name__ == "__main__":
    cli()
