"""What the plasma commands work with: both chains, and whose key signs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from offchain.commands.output import json_option
from offchain.commands.session import Opening, SessionError, WalletName, password, rpc_option

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from offchain.assets import Assets
    from offchain.chains import ChainSpec
    from offchain.node import Node
    from offchain.plasma.root_chain import RootChain
    from offchain.sender import Sender
    from offchain.wallet.keys import Keys

Function = TypeVar("Function", bound=Callable[..., Any])

root_option = click.option(
    "--root", "root_url", metavar="URL", help="Node of the root chain.  [default: the local root chain]"
)
manifests_option = click.option(
    "--manifests",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the manifests.  [default: OPENMG_DEPLOYMENTS]",
)
key_file_option = click.option(
    "--key",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the account's key: 64 hexadecimal digits, or an Ethereum key file.",
)


def chain_options(function: Function) -> Function:
    """Both chains."""
    return rpc_option(root_option(manifests_option(function)))


account_option = click.option(
    "--wallet", "name", type=WalletName(), default="default", show_default=True, help="Whose account."
)


@dataclass(frozen=True)
class Account:
    """What a command that acts for an account was given: whose it is, and both chains. Each is looked for when it is
    first asked for, and raises UserError if it isn't there."""

    name: str
    key_file: Path | None
    root_url: str | None
    manifests: Path | None
    as_json: bool
    rpc: str | None

    @cached_property
    def keys(self) -> Keys | None:
        """The wallet's keys, None if the account is that of a key file."""
        return None if self.key_file else Opening(self.name).keys

    @cached_property
    def key(self) -> LocalAccount:
        """The account that signs."""
        if self.keys is not None:
            return self.keys.account
        from offchain.plasma.keys import load_key

        assert self.key_file is not None
        return load_key(self.key_file, password)

    @cached_property
    def root(self) -> RootChain:
        """As `root_chain`."""
        return root_chain(self.root_url, self.manifests)

    @cached_property
    def plasma(self) -> Node:
        """As `plasma_node`."""
        return plasma_node(self.rpc)

    @cached_property
    def assets(self) -> Assets:
        """ETH, and tokens by their addresses on the root chain."""
        from offchain.assets import Assets
        from offchain.deployment.manifest import Manifest

        return Assets(Manifest(self.root.domain.chain_id, Path()), self.root.node)

    def sender(self, node: Node) -> Sender:
        """The account on one of the chains."""
        from offchain.sender import key_sender

        return key_sender(node.web3, self.key)

    def chosen(self, address: str | None) -> str:
        """An address that was given, or the account's own. Raises AssetError."""
        from offchain.assets import checked_address

        return checked_address(address) if address else str(self.key.address)


def account_options(*, both: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options of a command that acts for an account, which gets them as one `Account`; `both`: it asks the plasma
    chain as well."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def run(**values: Any) -> None:
            given = {field.name: values.pop(field.name, None) for field in fields(Account)}
            function(Account(**given), **values)

        options = [account_option, key_file_option, *([rpc_option] if both else []), root_option, manifests_option]
        for option in (json_option, *reversed(options)):
            run = option(run)
        return run

    return decorate


def root_chain(root_url: str | None, manifests: Path | None) -> RootChain:
    """The plasma chain's contracts on the root chain. Raises UserError if they can't be reached or aren't deployed."""
    from offchain.chains import ROOT, connect
    from offchain.deployment.manifest import Manifest
    from offchain.node import Node
    from offchain.plasma.root_chain import RootChain

    web3 = connect(_checked("--root", root_url) if root_url else _running(ROOT, "--root"))
    return RootChain(web3, Manifest.open(Node(web3).chain_id(), manifests))


def plasma_node(rpc: str | None, option: str = "--rpc") -> Node:
    """A node of the plasma chain. Raises UserError if it doesn't answer, or its chain has no bridge: money that is sent
    to the bridge there would be lost."""
    from offchain.chains import PLASMA, connect
    from offchain.node import Node
    from offchain.plasma.messages import BRIDGE

    url = _checked(option, rpc) if rpc else _running(PLASMA, option)
    node = Node(connect(url))
    if node.call("eth_getCode", BRIDGE, "latest") in ("0x", None):
        raise SessionError(f"the chain at {url} is no plasma chain with a bridge: give {option}, or run `make chains`")
    return node


def _running(spec: ChainSpec, option: str) -> str:
    from offchain.chains import find

    if find(spec) is None:
        name = f"no {spec.name} chain runs at {spec.url}"
        raise SessionError(f"{name}: start it with `make chains`, or name a node with {option}")
    return spec.url


def _checked(option: str, url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise SessionError(f"{option} {url}: give http://HOST:PORT")
    return url
