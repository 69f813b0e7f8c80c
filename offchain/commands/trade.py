"""Trading energy, and the meter's side of it: taking what was fed in, settling what was used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from offchain.command import Amount, Command, Number
from offchain.commands.output import Stage, answer, json_option, stages
from offchain.commands.session import (
    Opening,
    SessionError,
    network,
    payer_options,
    rpc_option,
    submitter_of,
    wallet_option,
)
from offchain.units import shown

if TYPE_CHECKING:
    from offchain.metering.readings_tree import Reading, ReadingPath
    from offchain.wallet.meter import OwnMeter
    from offchain.wallet.wallet import Wallet

Function = TypeVar("Function", bound=Callable[..., Any])

EPOCHS = click.IntRange(0, 2**63 - 1)


def reading_options(function: Function) -> Function:
    """Where a meter's readings come from."""
    readings = click.option(
        "--readings",
        metavar="FOLDER_OR_URL",
        envvar="OPENMG_READINGS",
        help="Where the operator's bundles are.  [default: $OPENMG_READINGS, else those published on this machine]",
    )
    meter = click.option(
        "--meter", "place", type=click.IntRange(1), help="Number in `openmg wallet meter`, if it has several."
    )
    return readings(meter(function))


@click.command(cls=Command)
@click.argument("amount", type=Amount())
@click.argument("asset")
@click.argument("wanted")
@click.option("--minimum", type=Amount(), help="The least to take.  [default: the quote less --slippage]")
@click.option("--slippage", type=Number(0, 50), default=1, show_default=True, help="Percent below the quote.")
@payer_options
@wallet_option
@rpc_option
@json_option
def swap(
    amount: int,
    asset: str,
    wanted: str,
    minimum: int | None,
    slippage: float,
    relayer: str | None,
    own_account: bool,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Gives an amount of ASSET for WANTED on the exchange. Needs a registered meter.

    Both amounts and the time are public; who trades isn't. A meter trades four times an epoch at most.

    \b
    openmg wallet swap 0.15 ETH MG1
    openmg wallet swap 5 MG1 MG2 --slippage 0.5
    """
    from dataclasses import replace

    opening = Opening(name, "trade")
    chain = network(rpc)
    sold, bought = chain.assets.parse(asset), chain.assets.parse(wanted)
    units = sold.base_units(amount)
    least = bought.base_units(minimum) if minimum else None
    wallet = opening.wallet(chain)
    with stages("reading the chain") as stage:
        wallet.sync()
        quote = wallet.quote(sold.address, units, bought.address, round(slippage * 100))
        if least is not None and least > quote.expected:
            raise SessionError(f"the exchange pays {bought.shown(quote.expected)} now: less than --minimum")
        quote = replace(quote, minimum=least) if least is not None else quote
        transaction = wallet.swap(quote, submitter_of(wallet, relayer, own_account, stage), stage)
        stage("reading the chain")
        wallet.sync()
    done = next((entry for entry in wallet.history() if entry.transaction == transaction), None)
    got = done.got_amount if done else 0
    content = {"transaction": transaction, "operation": "swap", "asset": sold.name, "amount": str(units)}
    answer(
        as_json,
        {**content, "got_asset": bought.name, "got_amount": str(got)},
        f"Swapped {sold.shown(units)} for {bought.shown(got)}: {transaction}",
    )


@click.command(cls=Command)
@click.argument("epoch", type=EPOCHS)
@reading_options
@payer_options
@wallet_option
@rpc_option
@json_option
def issue(
    epoch: int,
    readings: str | None,
    place: int | None,
    relayer: str | None,
    own_account: bool,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Takes what a meter fed in during an epoch, as energy that can be traded. Once per meter and epoch.

    Microgrid and epoch are public; meter and amount aren't.

    \b
    openmg wallet issue 1964210
    openmg wallet issue 1964210 --readings http://operator.example/bundles
    """
    opening = Opening(name, "issue")
    chain = network(rpc)
    wallet = opening.wallet(chain)
    with stages("reading the chain") as stage:
        wallet.sync()
        meter, reading, path = _reading(wallet, place, epoch, readings, stage)
        submitter = submitter_of(wallet, relayer, own_account, stage)
        transaction = wallet.issue(meter, epoch, reading, path, submitter, stage)
        stage("reading the chain")
        wallet.sync()
    done = next((entry for entry in wallet.history() if entry.transaction == transaction), None)
    content = {"transaction": transaction, "operation": "issue", "epoch": epoch}
    taken = ""
    if done:
        asset = chain.assets.at(done.asset)
        content |= {"asset": asset.name, "amount": str(done.amount)}
        taken = f" {asset.shown(done.amount)}"
    answer(as_json, content, f"Issued{taken} of epoch {epoch}: {transaction}")


@click.command(cls=Command)
@click.argument("amount", type=Amount())
@click.argument("epoch", type=EPOCHS)
@reading_options
@payer_options
@wallet_option
@rpc_option
@json_option
def settle(
    amount: int,
    epoch: int,
    readings: str | None,
    place: int | None,
    relayer: str | None,
    own_account: bool,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Gives AMOUNT kWh back against what a meter used in an epoch. Once per meter and epoch.

    What isn't settled is billed at the tariff. `openmg wallet disclose settlement` shows the operator the receipt.

    \b
    openmg wallet settle 2.5 1964210
    openmg wallet settle 2.5 1964210 --readings http://operator.example/bundles
    """
    opening = Opening(name, "settle")
    wallet = opening.wallet(network(rpc))
    with stages("reading the chain") as stage:
        wallet.sync()
        meter, reading, path = _reading(wallet, place, epoch, readings, stage)
        submitter = submitter_of(wallet, relayer, own_account, stage)
        transaction = wallet.settle(meter, epoch, reading, path, amount, submitter, stage)
    content = {"transaction": transaction, "operation": "settle", "epoch": epoch, "amount": str(amount)}
    answer(as_json, content, f"Settled {shown(amount)} kWh of epoch {epoch}: {transaction}")


def _reading(
    wallet: Wallet, place: int | None, epoch: int, source: str | None, stage: Stage
) -> tuple[OwnMeter, Reading, ReadingPath]:
    """The meter that is meant and its reading of the epoch. Raises MeterError, DeliveryError."""
    from offchain.metering.delivery import Delivery
    from offchain.metering.publication import BUNDLES
    from offchain.settings import settings

    meter = wallet.meter(place)
    stage("fetching the readings")
    where = source or settings.metering / str(wallet.manifest.chain_id) / BUNDLES
    return meter, *Delivery(wallet.web3, wallet.manifest, where).reading(meter, epoch)
