"""What the scripts share: options, errors in one line, and the connection to the chains they work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from ape import accounts, networks
from ape.exceptions import ApeException
from web3 import Web3

from offchain import chains, command
from offchain.artifacts import compile_contracts
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.errors import UserError
from offchain.exchange import Market
from offchain.plasma.local import local_chains
from offchain.sender import Sender, development_sender

network_option = click.option(
    "--network",
    metavar="ECOSYSTEM:NETWORK:PROVIDER",
    help="A network of Ape. Without it: the local chains, started for this run if they don't run yet.",
)
account_option = click.option("--account", metavar="ALIAS", help="Ape account that signs; needed off the local chains.")


class Command(command.Command):
    """A command whose foreseeable errors end in one line instead of a traceback, those of Ape as well."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ApeException as error:
            raise click.ClickException(str(error)) from error


class Group(Command, click.Group):
    """A group of such commands."""

    command_class = Command


@contextmanager
def reached(network: str | None) -> Iterator[list[tuple[chains.Chain, Web3]]]:
    """The chains to look at: the named network, or both local chains, root and plasma.

    Raises UserError or ApeException if one can't be reached.
    """
    compile_contracts()
    if network is None:
        with local_chains() as found:
            yield [(chain, chain.web3) for chain in found]
        return
    if network.count(":") != 2:
        raise UserError(f"--network {network}: name ecosystem, network and provider, e.g. ethereum:sepolia:node")
    with networks.parse_network_choice(network) as provider:
        chain = chains.Chain(network, provider.chain_id, provider.connection_str or network, started=False)
        yield [(chain, provider.web3)]


@contextmanager
def connected(network: str | None, account: str | None) -> Iterator[list[tuple[chains.Chain, Sender]]]:
    """As `reached`, each chain with a sender: the Ape account, or on a local chain by default a development key.
    Raises UserError for an account that Ape doesn't have, before anything is started."""
    if account is not None and account not in accounts.aliases:
        raise UserError(f"no account {account}: `ape accounts list` shows yours, `ape accounts import` adds one")
    with reached(network) as found:
        yield [(chain, sender_on(chain, web3, account)) for chain, web3 in found]


def sender_on(chain: chains.Chain, web3: Web3, account: str | None) -> Sender:
    """Signs with an Ape account. Raises UserError if none is named where there are no development keys."""
    if account is None:
        if chain.chain_id not in chains.LOCAL_CHAIN_IDS:
            raise UserError(f"--account is needed on chain {chain.chain_id}")
        return development_sender(web3, 0)
    signer = accounts.load(account)

    def sign(transaction: dict[str, Any]) -> bytes:
        signed = signer.sign_transaction(networks.ethereum.create_transaction(**transaction))
        if signed is None:
            raise UserError("the transaction was not signed")
        return bytes(signed.serialize_transaction())

    return Sender(web3, signer.address, sign)


@contextmanager
def local_market() -> Iterator[tuple[chains.Chain, Market]]:
    """The local plasma chain with the platform on it: found, or started and deployed to."""
    with connected(None, None) as [_, (chain, sender)]:
        manifest = Manifest.open(chain.chain_id)
        if not manifest.contracts:
            click.echo(f"Nothing on the {chain.name} chain yet: deploying the platform.")
        for _ in PlatformDeployment(sender, manifest, sender.address).run():
            pass
        yield chain, Market(sender.web3, manifest)


def say_if_started(chain: chains.Chain) -> None:
    """Tells that a chain ends with the command, so that nobody looks for it afterwards."""
    if chain.started:
        click.echo(f"The {chain.name} chain ran for this command only; `make chains` keeps both running.")
