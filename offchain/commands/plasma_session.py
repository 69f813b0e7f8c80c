"""What the plasma commands work with: both chains, and whose key signs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from offchain.commands.session import Opening, SessionError, WalletName, password, rpc_option

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from offchain.chains import ChainSpec
    from offchain.node import Node
    from offchain.plasma.root_chain import RootChain

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


def signer_options(function: Function) -> Function:
    """Whose account signs: a wallet's, or that of a key file."""
    wallet = click.option(
        "--wallet", "name", type=WalletName(), default="default", show_default=True, help="Whose account."
    )
    return wallet(key_file_option(function))


def signer(name: str, key_file: Path | None) -> LocalAccount:
    """The account that signs. Raises UserError if there is none."""
    if key_file is None:
        return Opening(name).keys.account
    from offchain.plasma.keys import load_key

    return load_key(key_file, password)


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
