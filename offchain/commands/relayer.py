"""The relayer's service."""

from __future__ import annotations

import click

from offchain.command import Command
from offchain.commands.output import answer, json_option
from offchain.commands.reporting import reporting
from offchain.commands.session import Opening, listen, network, own_sender, rpc_option, wallet_option


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="Network address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8650, show_default=True)
@click.option(
    "--fee",
    "fees",
    multiple=True,
    required=True,
    metavar="ASSET=AMOUNT",
    help="What an operation costs; ASSET:OPERATION=AMOUNT for one alone. Can be given several times.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="A page's origin that may ask it from a browser, e.g. https://energy.example. Can be given several times.",
)
@wallet_option
@rpc_option
@json_option
def relayer(
    host: str,
    port: int,
    fees: tuple[str, ...],
    origins: tuple[str, ...],
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Sends other people's operations from the wallet's account, for a fee paid to its address, until Ctrl-C.

    \b
    openmg relayer --wallet relayer --fee ETH=0.001 --fee MG1=0.5 --fee MG1:settle=0.2
    """
    from offchain.journal import Journal
    from offchain.relayer.fees import Fees
    from offchain.relayer.relayer import Relayer
    from offchain.relayer.service import serve
    from offchain.settings import settings

    opening = Opening(name)
    chain = network(rpc)
    asked = Fees.parse(fees, chain.assets)
    wallet = opening.wallet(chain)
    sender = own_sender(wallet)
    listening = listen(host, port)
    journal = Journal(settings.wallets / f"relayer-{sender.address[2:10].lower()}-{chain.manifest.chain_id}.db")
    service = Relayer(sender, wallet.viewing, wallet.pool, wallet.registry, asked, chain.assets, journal)
    url = f"http://{host}:{port}"
    content = {"url": url, "account": sender.address, "address": str(wallet.address)}
    answer(as_json, content, f"Relayer {sender.address} at {url}, paid to {wallet.address}", "Press Ctrl-C to stop.")
    click.get_text_stream("stdout").flush()
    with reporting({"node": service.check}):
        serve(service, listening, origins)
    journal.close()
