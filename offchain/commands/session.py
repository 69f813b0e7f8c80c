"""What commands work with: a wallet's file, a chain and its manifest, and who pays for transactions."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import click

from offchain.commands.output import Stage
from offchain.errors import UserError
from offchain.secret_file import SUFFIX, secret

if TYPE_CHECKING:
    from web3 import Web3

    from offchain.assets import Assets
    from offchain.deployment.manifest import Manifest
    from offchain.sender import Sender
    from offchain.wallet.address import Address
    from offchain.wallet.keys import Keys
    from offchain.wallet.reader import Reader
    from offchain.wallet.relay import Relay, Submitter
    from offchain.wallet.request import Operation, Request
    from offchain.wallet.wallet import Wallet

Function = TypeVar("Function", bound=Callable[..., Any])
Value = TypeVar("Value")

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
PASSWORD = "OPENMG_PASSWORD"
VIEWING_KEY = "OPENMG_VIEWING_KEY"


class SessionError(UserError):
    """Says in one line what a command lacks to work."""


def listen(host: str, port: int) -> socket.socket:
    """A socket for a service's clients. Raises SessionError."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as error:
        raise SessionError(f"can't listen on {host} port {port}: {error}") from error


class WalletName(click.ParamType):
    """The name of a wallet: letters, digits, `_` and `-`."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not NAME.fullmatch(str(value)):
            self.fail(f"{value!r} is no name of a wallet: use letters, digits, _ and -", param, ctx)
        return str(value)


wallet_option = click.option(
    "--wallet", "name", type=WalletName(), default="default", show_default=True, help="Which wallet."
)
rpc_option = click.option("--rpc", metavar="URL", help="Node of the chain.  [default: the local plasma chain]")


def payer_options(function: Function) -> Function:
    """Who sends an operation: an own account, or a relayer."""
    own = click.option("--own-account", is_flag=True, help="Pay the gas yourself, although OPENMG_RELAYER is set.")
    relayer = click.option(
        "--relayer",
        metavar="URL",
        envvar="OPENMG_RELAYER",
        help="Have a relayer send it, for a fee in the asset.  [default: $OPENMG_RELAYER, else the wallet's account]",
    )
    return relayer(own(function))


def wallet_file(name: str) -> Path:
    """The key file of a wallet."""
    from offchain.settings import settings

    return settings.wallets / f"{name}.json"


def password(*, confirm: bool = False) -> str:
    """The password, from the environment, its file or typed. Raises SessionError without any, SecretFileError."""
    given = secret(PASSWORD)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        by = f"{PASSWORD} or {PASSWORD}{SUFFIX}"
        raise SessionError(f"a password is needed: there is no terminal to type it, set {by}")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
    return typed


def typed_secret(what: str) -> str:
    """A secret that is typed without being shown, or the first line of a pipe. Raises SessionError if it is empty."""
    piped = not sys.stdin.isatty()
    secret = sys.stdin.readline() if piped else str(click.prompt(what, hide_input=True, err=True))
    if not secret.strip():
        raise SessionError(f"{what} is needed on standard input")
    return secret.strip()


class Opening:
    """A wallet that is being opened: the password's slow hash, and what a proof of `circuit` needs, are done beside
    whatever the command does first.

    Raises SessionError if there is no such wallet, or no password.
    """

    def __init__(self, name: str, circuit: str | None = None) -> None:
        path = wallet_file(name)
        if not path.exists():
            others = ", ".join(sorted(other.stem for other in path.parent.glob("*.json"))) or "none yet"
            raise SessionError(f"there is no wallet {name}: make it with `openmg wallet new`; there are: {others}")
        self._keys = _beside(_load_keys, path, password())
        if circuit is not None:
            _beside(_warm, circuit)

    @property
    def keys(self) -> Keys:
        """Its keys. Raises KeyFileError."""
        return self._keys.result()

    def wallet(self, chain: Network) -> Wallet:
        """The wallet on a chain. Raises KeyFileError, StoreError."""
        from offchain.wallet.wallet import Wallet

        return Wallet(self.keys, chain.web3, chain.manifest)


@dataclass(frozen=True)
class Network:
    """A chain that answers, and what is deployed there."""

    web3: Web3
    manifest: Manifest

    @property
    def assets(self) -> Assets:
        """Its assets by name."""
        from offchain.assets import Assets
        from offchain.node import Node

        return Assets(self.manifest, Node(self.web3))


def network(rpc: str | None) -> Network:
    """The chain of a node. Raises UserError if it doesn't answer or has no pool that is known here."""
    from offchain.chains import PLASMA, connect, find
    from offchain.deployment.manifest import Manifest
    from offchain.http_client import is_address
    from offchain.node import Node

    if rpc is None:
        chain = find(PLASMA)
        if chain is None:
            raise SessionError(f"no chain runs at {PLASMA.url}: start it with `make chains`, or name a node with --rpc")
        web3, chain_id = chain.web3, chain.chain_id
    else:
        if not is_address(rpc):
            raise SessionError(f"--rpc {rpc}: give http://HOST:PORT")
        web3 = connect(rpc)
        chain_id = Node(web3).chain_id()
    manifest = Manifest.open(chain_id)
    manifest.address("pool")
    return Network(web3, manifest)


def open_reader(name: str, rpc: str | None, *, by_viewing_key: bool) -> Reader:
    """A wallet that reads, from its file or from a viewing key that is typed, piped in or in the environment."""
    from offchain.wallet.keys import ViewingKey

    if not by_viewing_key:
        opening = Opening(name)
        chain = network(rpc)
        return opening.wallet(chain)
    key = ViewingKey.parse(secret(VIEWING_KEY) or typed_secret("The viewing key"))
    chain = network(rpc)
    from offchain.wallet.reader import Reader

    return Reader(key, chain.web3, chain.manifest)


def own_sender(wallet: Wallet) -> Sender:
    """The wallet's public account. Raises SessionError if it has no ETH."""
    from offchain.sender import key_sender

    sender = key_sender(wallet.web3, wallet.keys.account)
    if not wallet.web3.eth.get_balance(sender.address):
        raise SessionError(f"the wallet's account {sender.address} has no ETH for gas: send it some, or use --relayer")
    return sender


@dataclass(frozen=True)
class Told:
    """A submitter that says when it sends."""

    submitter: Submitter
    stage: Stage

    def relay(self, operation: Operation, asset: str) -> Relay | None:
        """As the submitter."""
        return self.submitter.relay(operation, asset)

    def submit(self, request: Request) -> str:
        """As the submitter."""
        self.stage("waiting for the chain")
        return self.submitter.submit(request)


def submitter_of(wallet: Wallet, relayer: str | None, own_account: bool, stage: Stage) -> Told:
    """The relayer, or the wallet's account. Raises UserError if neither can send."""
    from offchain.wallet.relay import OwnAccount

    if relayer is None or own_account:
        return Told(OwnAccount(own_sender(wallet)), stage)
    from offchain.assets import Assets
    from offchain.relayer.client import RelayerClient

    chain_id, assets = wallet.manifest.chain_id, Assets(wallet.manifest, wallet.node)
    return Told(RelayerClient(relayer, wallet.node, chain_id, wallet.pool, wallet.registry, assets), stage)


def receiver(text: str) -> Address:
    """An address of the pool. Raises TextError."""
    from offchain.wallet.address import Address

    return Address.parse(text)


def _beside(function: Callable[..., Value], *arguments: Any) -> Future[Value]:
    """What a function returns in a thread that doesn't hold up the end of the process."""
    future: Future[Value] = Future()

    def run() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001  # told to whoever asks for the result
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def _load_keys(path: Path, given: str) -> Keys:
    from offchain.wallet.keystore import load

    return load(path, given).keys()


def _warm(circuit: str) -> None:
    from offchain.zk.prover import warm

    warm(circuit)
