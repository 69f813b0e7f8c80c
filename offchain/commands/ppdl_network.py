"""Training over many machines: a home's participant, and who keeps the store and relays headers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Command
from offchain.commands.output import answer, go_on, json_option
from offchain.commands.ppdl_training import FILE
from offchain.commands.reporting import reporting
from offchain.commands.session import Network, Opening, listen, network, own_sender, rpc_option, wallet_option

if TYPE_CHECKING:
    from offchain.ppdl.network.member import Ground
    from offchain.ppdl.network.registry import Registry
    from offchain.ppdl.network.store import Store
    from offchain.ppdl.network.store_client import StoreClient
    from offchain.wallet.wallet import Wallet

SECONDS = 1.0
"""Between two looks at the chain."""

store_option = click.option(
    "--store",
    "urls",
    metavar="URL",
    multiple=True,
    default=["http://127.0.0.1:8660"],
    show_default=True,
    help="Where publications are exchanged; several: all that answer.",
)


@click.command(cls=Command)
@store_option
@click.option("--data", type=FILE, required=True, help="Readings in kWh: a CSV file, or a readings database.")
@click.option("--home", help="Which column.  [default: the only one]")
@click.option("--zone", help="Time zone of readings without an offset.")
@click.option("--rounds", type=click.IntRange(1), help="Ends when the model chain has so many.  [default: goes on]")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@wallet_option
@rpc_option
@json_option
def join(
    urls: tuple[str, ...],
    data: Path,
    home: str | None,
    zone: str | None,
    rounds: int | None,
    device: str,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Takes part in the training with the readings of one home, which stay here, until Ctrl-C. The wallet's account
    puts the bond at stake that the registry asks for, once.

    In private mode the privacy that was spent is in a book of the wallet: give the same readings with the same wallet
    always. With another wallet, or in `openmg ppdl train`, they have another book, and budgets add up.

    \b
    openmg ppdl join --data home.csv --wallet home
    """
    from offchain.ppdl.learning.source import read
    from offchain.ppdl.network.participation import Participation
    from offchain.ppdl.network.private_part import PrivatePart
    from offchain.ppdl.network.training import HomeTraining
    from offchain.settings import settings

    opening = Opening(name)
    chain = network(rpc)
    wallet, registry = opening.wallet(chain), registry_of(chain)
    readings = read(data, zone)
    if home is not None:
        readings = readings.of_home(home)
    ground = ground_of(wallet, registry, stores_of(urls, registry), f"home-{name}")
    training = HomeTraining(ground.synced.chain.task, readings, len(readings.hours), device)
    private = PrivatePart.of(ground.synced.chain, settings.models / "privacy" / f"home-{name}.sqlite")
    _bond(ground, as_json)
    participation = Participation(ground, training, rounds, private)
    content = {"account": ground.sender.address, "hours": len(readings.hours), "private": private is not None}
    mode = "" if private is None else f", in private mode (epsilon {private.mode.budget.epsilon:g})"
    _begun(as_json, content, f"{ground.sender.address} takes part with {len(readings.hours):,} hours{mode}.")

    def step() -> None:
        for said in participation.step():
            number = registry.round().number
            answer(as_json, {"round": number, "did": said}, f"round {number}: {said}")

    with reporting():
        go_on("training", step, SECONDS, lambda: rounds is not None and registry.head() >= rounds)


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="Network address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8660, show_default=True)
@click.option("--store", "urls", metavar="URL", multiple=True, help="Of others, to make up for what this one lacks.")
@wallet_option
@rpc_option
@json_option
def relay(host: str, port: int, urls: tuple[str, ...], name: str, rpc: str | None, as_json: bool) -> None:
    """Keeps the store in which participants exchange what is masked, and relays the headers that their committee
    signed, until Ctrl-C. Nobody has to trust it: what it gives out is checked by who reads.

    \b
    openmg ppdl relay --wallet relayer
    """
    from threading import Thread

    from offchain.http_service import serve
    from offchain.ppdl.network.permission import Permission
    from offchain.ppdl.network.publication import Kind, Publication
    from offchain.ppdl.network.relayer import HeaderRelayer
    from offchain.ppdl.network.store import FolderStore
    from offchain.ppdl.network.store_service import service
    from offchain.ppdl.network.stores import Stores
    from offchain.ppdl.network.synced_chain import task_file
    from offchain.settings import settings

    opening = Opening(name)
    chain = network(rpc)
    wallet, registry = opening.wallet(chain), registry_of(chain)
    folder = settings.models / f"store-{registry.address[2:10].lower()}-{registry.domain.chain_id}"
    store = FolderStore(folder, registry.domain, Permission(registry))
    stores = Stores([store, *clients_of(urls, registry)])
    ground = ground_of(wallet, registry, stores, f"relayer-{name}")
    genesis = registry.genesis()
    task = task_file(settings.models, genesis.testset_hash)
    tasks = [Publication.signed(registry.domain, ground.account, 0, Kind.TASK, task)] if task else []
    for known in tasks or stores.publications(0, Kind.TASK):
        if known.hash == genesis.testset_hash:
            store.publish(known)
    listening = listen(host, port)
    Thread(target=serve, args=(service(store), listening), daemon=True).start()
    relayer = HeaderRelayer(ground)
    url = f"http://{host}:{port}"
    content = {"url": url, "account": ground.sender.address}
    _begun(as_json, content, f"Store at {url}; {ground.sender.address} relays headers.")

    def step() -> None:
        said = relayer.step(registry.round())
        if said:
            answer(as_json, {"did": said}, said)

    with reporting():
        go_on("headers", step, SECONDS)


def registry_of(chain: Network) -> Registry:
    """The chain's PPDLRegistry. Raises DeploymentError if there is none."""
    from offchain.ppdl.network.registry import Registry

    return Registry(chain.web3, chain.manifest.address("ppdl_registry"))


def stores_of(urls: tuple[str, ...], registry: Registry) -> Store:
    """The stores at these URLs as one. Raises PublicationError for a URL that is none."""
    from offchain.ppdl.network.stores import Stores

    return Stores(clients_of(urls, registry))


def clients_of(urls: tuple[str, ...], registry: Registry) -> list[StoreClient]:
    """The stores at these URLs. Raises PublicationError for a URL that is none."""
    from offchain.ppdl.network.store_client import StoreClient

    return [StoreClient(url, registry.domain) for url in dict.fromkeys(urls)]


def ground_of(wallet: Wallet, registry: Registry, store: Store, folder: str) -> Ground:
    """What the wallet's account stands on, with a folder below the model chains'."""
    from offchain.ppdl.network.member import Ground
    from offchain.settings import settings

    place = settings.models / f"{registry.address[2:10].lower()}-{registry.domain.chain_id}" / folder
    return Ground(registry, store, own_sender(wallet), wallet.keys.account, place)


def _begun(as_json: bool, content: dict[str, Any], line: str) -> None:
    answer(as_json, content, line, "Press Ctrl-C to stop.")
    click.get_text_stream("stdout").flush()


def _bond(ground: Ground, as_json: bool) -> None:
    bond, active = ground.registry.bond_of(ground.sender.address)
    if active:
        return
    missing = max(ground.registry.rules.bond - bond, 0)
    ground.sender.transact(ground.registry.contract.functions.join(), missing)
    line = f"{ground.sender.address} put {missing / 10**18:g} ETH at stake."
    answer(as_json, {"account": ground.sender.address, "staked": str(missing)}, line)
