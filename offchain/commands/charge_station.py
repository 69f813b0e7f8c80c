"""A charging station's service, and what its owner proves of a session."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import click

from offchain.command import Amount, Command, amount_of
from offchain.commands.charge_proof import journal_of
from offchain.commands.output import answer, json_option
from offchain.commands.reporting import reporting
from offchain.commands.session import (
    Opening,
    SessionError,
    listen,
    network,
    payer_options,
    rpc_option,
    submitter_of,
    wallet_option,
)
from offchain.units import WATT_HOUR, shown

if TYPE_CHECKING:
    from offchain.assets import Assets

OUTLET_SECONDS, SETTLING_SECONDS = 0.5, 1.0


@click.command(cls=Command)
@click.option(
    "--price",
    "prices",
    multiple=True,
    required=True,
    metavar="ASSET=AMOUNT",
    help="Of a kWh, in ETH or an energy token. Can be given several times.",
)
@click.option("--slice", "ahead", type=Amount(), default="0.25", show_default=True, help="kWh a stream pays ahead.")
@click.option("--most", type=Amount(), default="100", show_default=True, help="kWh of an order, at most.")
@click.option("--power", type=Amount(), default="11", show_default=True, help="kW of the simulated outlet.")
@click.option("--meter-key", metavar="HEX", help="Ed25519 key of the outlet's own meter, which then asks and signs.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Network address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8700, show_default=True)
@payer_options
@wallet_option
@rpc_option
@json_option
def station(
    prices: tuple[str, ...],
    ahead: int,
    most: int,
    power: int,
    meter_key: str | None,
    host: str,
    port: int,
    relayer: str | None,
    own_account: bool,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Sells energy to cars that nobody needs to know, paid to the wallet's address, until Ctrl-C.

    Without --meter-key the outlet is a simulated one: it counts by the clock and switches nothing.

    \b
    openmg charge station --wallet station --price ETH=0.0001 --price MG1=1.2 --relayer http://relayer.example:8650
    """
    import logging

    from nacl.signing import SigningKey

    from offchain.background import again_and_again
    from offchain.charging.cashier import Cashier
    from offchain.charging.incoming import Incoming
    from offchain.charging.journal import StationJournal, only_one
    from offchain.charging.once import Once, Sent
    from offchain.charging.outlet import SimulatedOutlet
    from offchain.charging.service import serve
    from offchain.charging.station import Offer, Station
    from offchain.health import health
    from offchain.node import Node
    from offchain.wallet.request import Operation

    if meter_key is not None and (len(meter_key) != 64 or set(meter_key) - set("0123456789abcdef")):
        raise SessionError("--meter-key: give 32 bytes in lower-case hexadecimal")
    slice_, largest = watt_hours(ahead, "--slice"), watt_hours(most, "--most")
    if not power:
        raise SessionError("--power: give more than 0 kW")
    opening = Opening(name)
    chain = network(rpc)
    asked = _prices(prices, chain.assets)
    wallet = opening.wallet(chain)
    submitter = submitter_of(wallet, relayer, own_account, lambda stage: None)
    keys = wallet.keys
    key, outlet_key = (SigningKey(keys.secret(f"charging {what}")) for what in ("station", "outlet"))
    relays = {asset: submitter.relay(Operation.TRANSFER, asset) for asset in asked}
    offer = Offer(
        station=bytes(key.verify_key).hex(),
        meter=meter_key or bytes(outlet_key.verify_key).hex(),
        chain_id=chain.manifest.chain_id,
        pool=wallet.pool,
        address=str(wallet.address),
        prices=asked,
        refund_fees={asset: relay.fee if relay else 0 for asset, relay in relays.items()},
        slice=slice_,
        most=largest,
    )
    path = journal_of(wallet)
    incoming = Incoming(Node(chain.web3), wallet.pool, wallet.viewing)
    made = Station(offer, key, incoming, StationJournal(path))
    listening = listen(host, port)
    log = logging.getLogger("openmg.charge")

    @cache
    def cashier() -> Cashier:
        """Of the thread that settles: its wallet's file can't be used in another one."""
        return Cashier(made, incoming, Once(Sent(opening.wallet(chain), path), submitter), log.warning)

    def settle() -> None:
        cashier().step()
        problems = cashier().problems
        if problems:
            health.fails("cashier", problems[0])
        else:
            health.works("cashier")

    outlet = SimulatedOutlet(made, outlet_key, power / WATT_HOUR) if meter_key is None else None
    token = keys.secret("charging meter's token").hex() if meter_key else ""
    url = f"http://{host}:{port}"
    content = {"url": url, "station": offer.station, "address": offer.address, "meter_token": token}
    lines = [f"Charging station at {url}, paid to {offer.address}", f"Its key: {offer.station}"]
    if token:
        lines.append(f"Its meter's token: {token}")
    switching = outlet.step if outlet else made.review
    with only_one(path):
        answer(as_json, content, *lines, "Press Ctrl-C to stop.")
        click.get_text_stream("stdout").flush()
        with (
            reporting({"node": Node(chain.web3).height}),
            again_and_again(health.beating("outlet", switching), OUTLET_SECONDS),
            again_and_again(settle, SETTLING_SECONDS),
        ):
            serve(made, listening, token)


def _prices(texts: tuple[str, ...], assets: Assets) -> dict[str, int]:
    """Base units per Wh, by asset's address. Raises SessionError, AssetError."""
    prices: dict[str, int] = {}
    for text in texts:
        what, equals, number = text.partition("=")
        amount = amount_of(number)
        if not equals or not amount:
            raise SessionError(f"--price {text}: give ASSET=AMOUNT, e.g. ETH=0.0001")
        asset = assets.parse(what)
        if asset.address in prices:
            raise SessionError(f"--price {text}: {asset.name} has a price already")
        units = asset.base_units(amount)
        if units % 1000:
            raise SessionError(f"--price {text}: give no more decimals than a Wh can be priced with")
        prices[asset.address] = units // 1000
    return prices


def watt_hours(amount: int, option: str) -> int:
    """Whole Wh. Raises SessionError."""
    from offchain.metering.readings_tree import READING_LIMIT

    if not amount or amount % WATT_HOUR:
        raise SessionError(f"{option}: give kWh with at most three decimals, and more than 0")
    if amount // WATT_HOUR >= READING_LIMIT:
        raise SessionError(f"{option}: give less than {shown(READING_LIMIT * WATT_HOUR)} kWh")
    return amount // WATT_HOUR
