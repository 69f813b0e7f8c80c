"""A car that charges: asks, pays, takes the rest home; and what both sides prove of a session afterwards."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Amount, Group
from offchain.commands.charge_proof import claim, garage_of, receipt, verify
from offchain.commands.charge_station import station, watt_hours
from offchain.commands.output import Stage, answer, columns, json_option, stages
from offchain.commands.session import (
    Opening,
    SessionError,
    network,
    payer_options,
    rpc_option,
    submitter_of,
    wallet_option,
)
from offchain.units import WATT_HOUR, shown

if TYPE_CHECKING:
    from offchain.assets import Assets
    from offchain.charging.car import Car
    from offchain.charging.garage import CarSession, Garage
    from offchain.wallet.wallet import Wallet

kwh_option = click.option("--kwh", type=Amount(), required=True, help="What is ordered; less may be taken.")
asset_option = click.option("--asset", default="ETH", show_default=True, help="What is paid with.")


@click.group(cls=Group)
def charge() -> None:
    """Charging an electric car, paid with notes of the pool: the station learns neither who pays nor from what.

    \b
    openmg charge station --price ETH=0.0001 --slice 0.25        sells
    openmg charge pay http://127.0.0.1:8700 --kwh 5 --stream     buys
    """


@charge.command()
@click.argument("url")
@kwh_option
@rpc_option
@json_option
def quote(url: str, kwh: int, rpc: str | None, as_json: bool) -> None:
    """Shows what a station asks for. It binds nobody: `pay` has it signed.

    \b
    openmg charge quote http://127.0.0.1:8700 --kwh 5
    """
    from offchain.charging.client import ChargeError, StationClient

    order = watt_hours(kwh, "--kwh")
    chain = network(rpc)
    offer = StationClient(url).offer()
    if (offer.chain_id, offer.pool) != (chain.manifest.chain_id, chain.manifest.address("pool")):
        raise ChargeError(f"the station is of another network: pool {offer.pool} on chain {offer.chain_id}")
    content, rows = [], []
    for address, price in offer.prices.items():
        asset, fee = chain.assets.at(address), offer.refund_fees.get(address, 0)
        named = {"asset": asset.name, "per_kwh": str(1000 * price), "cost": str(order * price), "refund_fee": str(fee)}
        content.append(named)
        rows.append(
            (
                f"{asset.shown(order * price)} for {shown(kwh)} kWh",
                f"{asset.shown(1000 * price)} a kWh",
                f"a refund costs {asset.shown(fee)}",
            )
        )
    most, ahead = (shown(number * WATT_HOUR) for number in (offer.most, offer.slice))
    answer(
        as_json,
        {"url": url, "station": offer.station, "most": offer.most, "slice": offer.slice, "prices": content},
        *columns(rows),
        f"Up to {most} kWh; a stream pays {ahead} kWh ahead. The station's key: {offer.station}",
    )


@charge.command()
@click.argument("url")
@kwh_option
@asset_option
@click.option("--stream", is_flag=True, help="Pay slice by slice.  [default: all at once; the rest comes back]")
@click.option("--most-price", type=Amount(), help="Of a kWh; a dearer quote isn't paid.  [default: any]")
@click.option("--most-ahead", type=Amount(), help="kWh; a stream that pays more ahead isn't paid.  [default: any]")
@click.option("--most-refund-fee", type=Amount(), help="What a refund may cost of the rest.  [default: any]")
@click.option("--station", "station_key", metavar="HEX", help="Key of the station it must be.  [default: any]")
@payer_options
@wallet_option
@rpc_option
@json_option
def pay(
    url: str,
    kwh: int,
    asset: str,
    stream: bool,
    most_price: int | None,
    most_ahead: int | None,
    most_refund_fee: int | None,
    station_key: str | None,
    relayer: str | None,
    own_account: bool,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Charges at a station and pays for it, until the order is there or Ctrl-C; then waits for the receipt.

    Killed in between, `resume` goes on and pays nothing twice.

    \b
    openmg charge pay http://127.0.0.1:8700 --kwh 5 --stream --relayer http://127.0.0.1:8650
    openmg charge pay http://127.0.0.1:8700 --kwh 5 --asset MG1 --most-price 1.5
    """
    from offchain.charging.car import Wish
    from offchain.charging.client import StationClient

    order = watt_hours(kwh, "--kwh")
    opening = Opening(name, "joinsplit")
    chain = network(rpc)
    chosen = chain.assets.parse(asset)
    most = chosen.base_units(most_price) // 1000 if most_price is not None else None
    ahead = watt_hours(most_ahead, "--most-ahead") if most_ahead is not None else None
    fee = chosen.base_units(most_refund_fee) if most_refund_fee else most_refund_fee
    client = StationClient(url)
    wallet = opening.wallet(chain)
    with driving(wallet, relayer, own_account) as (car, _, stage):
        stage("asking for a quote")
        session = car.order(client, Wish(chosen.address, order, stream, most, station_key, ahead, fee))
        _charge(car, session, chain.assets, stage, as_json)


@charge.command()
@click.argument("session")
@payer_options
@wallet_option
@rpc_option
@json_option
def resume(session: str, relayer: str | None, own_account: bool, name: str, rpc: str | None, as_json: bool) -> None:
    """Goes on with a session that was interrupted; SESSION is the beginning of its name.

    \b
    openmg charge resume 5f3a90c1
    """
    opening = Opening(name, "joinsplit")
    chain = network(rpc)
    with driving(opening.wallet(chain), relayer, own_account) as (car, garage, stage):
        _charge(car, garage.find(session), chain.assets, stage, as_json)


@charge.command()
@click.argument("session")
@payer_options
@wallet_option
@rpc_option
@json_option
def collect(session: str, relayer: str | None, own_account: bool, name: str, rpc: str | None, as_json: bool) -> None:
    """Takes a session's refund from its one-time address into the wallet, less a relayer's fee.

    \b
    openmg charge collect 5f3a90c1 --relayer http://127.0.0.1:8650
    """
    opening = Opening(name, "joinsplit")
    chain = network(rpc)
    with driving(opening.wallet(chain), relayer, own_account) as (car, garage, stage):
        stage("reading the chain")
        collected = car.collect(garage.find(session))
    content = {"session": collected.name, "transaction": collected.collected}
    answer(as_json, content, f"Collected: {collected.collected}")


@charge.command()
@wallet_option
@rpc_option
@json_option
def sessions(name: str, rpc: str | None, as_json: bool) -> None:
    """Shows the sessions that the wallet charged in, oldest first.

    \b
    openmg charge sessions
    """
    opening = Opening(name)
    chain = network(rpc)
    found = garage_of(opening.wallet(chain)).all()
    rows = columns([_row(session, chain.assets) for session in found]) if found else ["Nothing yet."]
    answer(as_json, {"sessions": [_content(session, chain.assets) for session in found]}, *rows)


@contextmanager
def driving(wallet: Wallet, relayer: str | None, own_account: bool) -> Iterator[tuple[Car, Garage, Stage]]:
    """A wallet's car and its sessions, until the block ends."""
    from offchain.charging.car import Car

    with stages("reading the chain") as stage:
        garage = garage_of(wallet)
        car = Car(wallet, submitter_of(wallet, relayer, own_account, stage), garage)
        try:
            yield car, garage, stage
        finally:
            car.close()


def _charge(car: Car, session: CarSession, assets: Assets, stage: Stage, as_json: bool) -> None:
    asset = assets.at(session.quote.asset)

    def tell(now: CarSession, paid: int) -> None:
        got, order = (shown(number * WATT_HOUR) for number in (now.used, now.quote.order))
        stage(f"{got} of {order} kWh, {asset.shown(paid)} paid")

    stopped = Event()

    def stop(*_: object) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, before)  # a second one leaves at once; `resume` goes on

    before = signal.signal(signal.SIGINT, stop)
    try:
        done = car.charge(session, tell, stopped.is_set)
    finally:
        signal.signal(signal.SIGINT, before)
    if done.receipt is None:
        raise SessionError(f"session {done.name[:8]} has no receipt")
    bill = done.receipt.check(done.quote)
    lines = [
        f"{shown(done.used * WATT_HOUR)} kWh for {asset.shown(bill.charged)}; {asset.shown(bill.paid)} paid in "
        f"{len(done.receipt.payments)} payments",
    ]
    if done.reason:
        lines.append(f"The car ended it: {done.reason}.")
    if bill.refund:
        lines.append(f"{asset.shown(bill.refund)} came back; `openmg charge collect {done.name[:8]}` takes it home")
    answer(as_json, _content(done, assets), *lines, f"Session {done.name}")


def _content(session: CarSession, assets: Assets) -> dict[str, Any]:
    quote, receipt = session.quote, session.receipt
    content: dict[str, Any] = {
        "session": session.name,
        "station": quote.station,
        "url": session.url,
        "asset": assets.at(quote.asset).name,
        "order": quote.order,
        "delivered": session.used,
        "reason": session.reason,
        "collected": session.collected,
    }
    if receipt:
        bill = receipt.check(quote)
        amounts = ("paid", "charged", "refund", "refund_fee", "kept")
        content |= {name: str(getattr(bill, name)) for name in amounts}
        content |= {"payments": [paid.transaction for paid in receipt.payments]}
        content |= {"refund_transaction": receipt.refund_transaction}
    return content


def _row(session: CarSession, assets: Assets) -> tuple[str, ...]:
    asset, receipt = assets.at(session.quote.asset), session.receipt
    state = "no receipt yet"
    if receipt:
        back = f", {asset.shown(receipt.refund)} came back" if receipt.refund else ""
        state = f"{asset.shown(receipt.charged)}{back}{' and was collected' if session.collected else ''}"
    return session.name[:8], f"{shown(session.used * WATT_HOUR)} kWh", state


for command in (station, receipt, claim, verify):
    charge.add_command(command)
