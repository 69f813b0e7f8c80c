"""Forecasts for sale: a node that answers, and who asks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Amount, Command
from offchain.commands.output import answer, go_on, json_option, stages
from offchain.commands.ppdl_network import ground_of, registry_of, store_option, stores_of
from offchain.commands.ppdl_training import FILE
from offchain.commands.reporting import reporting
from offchain.commands.session import Opening, listen, network, own_sender, rpc_option, wallet_option
from offchain.errors import UserError

if TYPE_CHECKING:
    from nacl.public import PrivateKey

    from offchain.ppdl.inference.answer import Answer
    from offchain.ppdl.inference.market import Market

SECONDS = 1.0
"""Between two looks at the chain."""


class MarketError(UserError):
    """Says in one line why a forecast can't be sold or bought."""


@click.command(cls=Command)
@store_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Network address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8670, show_default=True, help="Of plain forecasts.")
@click.option("--price", type=Amount(), default="0.001", show_default=True, help="ETH for an answer, at least.")
@click.option("--proven", type=Amount(), default="0.002", show_default=True, help="ETH for a proven answer, at least.")
@wallet_option
@rpc_option
@json_option
def serve(
    urls: tuple[str, ...], host: str, port: int, price: int, proven: int, name: str, rpc: str | None, as_json: bool
) -> None:
    """Answers requests of the market with the models of the chain's registry, proves answers where that is asked for,
    and serves plain forecasts over HTTP, until Ctrl-C. The wallet's account puts the market's bond at stake.

    \b
    openmg ppdl serve --wallet node
    """
    from threading import Thread

    from offchain import http_service
    from offchain.journal import Journal
    from offchain.outbox import Outbox
    from offchain.ppdl.inference.enrolment import enrol
    from offchain.ppdl.inference.market import ETH, Kind, Market
    from offchain.ppdl.inference.node import InferenceNode
    from offchain.ppdl.inference.served import ChainModels
    from offchain.ppdl.inference.service import service

    opening = Opening(name)
    chain = network(rpc)
    wallet, registry = opening.wallet(chain), registry_of(chain)
    market = Market(chain.web3, chain.manifest.address("inference_market"))
    ground = ground_of(wallet, registry, stores_of(urls, registry), f"node-{name}")
    ground.synced.update()
    listening = listen(host, port)
    key = _encryption_key(ground.folder / "encryption.key")
    prices = {(ETH, Kind.UNDISPUTABLE): price, (ETH, Kind.DISPUTABLE): price, (ETH, Kind.PROVEN): proven}

    def tell(line: str) -> None:
        answer(as_json, {"did": line}, line)
        click.get_text_stream("stdout").flush()

    for said in enrol(market, ground.sender, key, prices):
        tell(said)
    models = ChainModels(ground.folder / "chain")
    outbox = Outbox(ground.sender, Journal(ground.folder / "sent.db"))
    node = InferenceNode(market, ground.sender.address, models, outbox, key, prices, tell)
    Thread(target=http_service.serve, args=(service(models), listening), daemon=True).start()
    content = {"account": ground.sender.address, "url": f"http://{host}:{port}"}
    shown = f"Node {ground.sender.address}; plain forecasts at http://{host}:{port}"
    answer(as_json, content, shown, "Press Ctrl-C to stop.")
    click.get_text_stream("stdout").flush()

    def step() -> None:
        ground.synced.update()
        node.look()

    with reporting():
        go_on("answers", step, SECONDS)


@click.command(cls=Command)
@click.option(
    "--data",
    type=FILE,
    required=True,
    help="Readings in kWh up to the last whole hour: a CSV file, or a readings database.",
)
@click.option("--home", help="Which column.  [default: the only one]")
@click.option("--zone", help="Time zone of readings without an offset.")
@click.option("--node", required=True, metavar="ADDRESS", help="Whose answer; it alone sees the features.")
@click.option("--pay", type=Amount(), default="0.002", show_default=True, help="ETH for the answer.")
@click.option("--proven", is_flag=True, help="Take no answer without a proof.")
@click.option(
    "--seconds", type=click.IntRange(1, 86_400), default=300, show_default=True, help="Until it must be there."
)
@wallet_option
@rpc_option
@json_option
def ask(
    data: Path,
    home: str | None,
    zone: str | None,
    node: str,
    pay: int,
    proven: bool,
    seconds: int,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Buys the forecast of a home's next hour, and waits for it. The chain sees a hash of the features and the answer's
    ciphertext; the payment and the account are public.

    \b
    openmg ppdl ask --data home.csv --node 0x... --proven
    """
    from web3 import Web3

    from offchain.ppdl.inference.market import ETH, Kind, Market, Order
    from offchain.ppdl.inference.question import Question
    from offchain.ppdl.learning.features import Horizon
    from offchain.ppdl.learning.source import read
    from offchain.ppdl.upcoming import Upcoming

    if not Web3.is_address(node):
        raise click.BadParameter(f"{node} is no address", param_hint="--node")
    opening = Opening(name)
    chain = network(rpc)
    readings = read(data, zone)
    upcoming = Upcoming.of(readings if home is None else readings.of_home(home), Horizon.NEXT_HOUR)
    market = Market(chain.web3, chain.manifest.address("inference_market"))
    sender = own_sender(opening.wallet(chain))
    question, account = Question.of(upcoming.features), Web3.to_checksum_address(node)
    deadline = market.node.time() + seconds
    kind = Kind.PROVEN if proven else Kind.DISPUTABLE
    order = Order(kind, True, 0, deadline, account, ETH, pay, question.hash)
    node_key = market.encryption_key(account)
    if not any(node_key):
        raise MarketError(f"{account} is no node of the market: it runs no `openmg ppdl serve`")
    with stages("asking") as stage:
        receipt = sender.transact(market.ask(order, question.sealed(node_key)), pay)
        number = int(market.contract.events.Requested().process_receipt(receipt)[0]["args"]["id"])
        stage("waiting for the answer")
        found = _waited(market, number, deadline)
        if found is None:
            stage("taking the payment back")
            sender.transact(market.calls.refund(number))
            sender.transact(market.calls.claim(ETH, sender.address))
            raise MarketError(f"request {number} wasn't answered in time: the payment is back")
    kwh = upcoming.kwh(found.opened(question.salt))
    content: dict[str, Any] = {
        "request": number,
        "hour": upcoming.hour.isoformat(),
        "kwh": round(kwh, 4),
        "proven": proven,
    }
    answer(as_json, content, f"{upcoming.hour:%Y-%m-%d %H:%M}: {kwh:.3f} kWh (request {number}{', proven' * proven})")


def _waited(market: Market, number: int, deadline: int) -> Answer | None:
    """The answer, None if the deadline passes without one."""
    while True:
        found = market.answer_of(number)
        if found is not None:
            return found
        if market.node.time() > deadline:
            return None
        time.sleep(SECONDS)


def _encryption_key(path: Path) -> PrivateKey:
    """The node's, made at the first time; only the owner can read the file. Raises BlobError if it can't be kept."""
    from nacl.public import PrivateKey

    from offchain.ppdl.model_chain.blobs import write

    if not path.exists():
        write(path, bytes(PrivateKey.generate()))
    return PrivateKey(path.read_bytes())
