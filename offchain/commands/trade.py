"""Trading energy, and the meter's side of it: taking what was fed in, settling what was used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from offchain.command import Amount, Command, Number
from offchain.commands.output import answer, json_option, stages
from offchain.commands.session import (
    SessionError,
    network,
    open_wallet,
    payer_options,
    rpc_option,
    submitter_of,
    wallet_option,
)
from offchain.units import shown

if TYPE_CHECKING:
    from offchain.metering.reading_file import ReadingFile
    from offchain.wallet.meter import OwnMeter
    from offchain.wallet.wallet import Wallet

reading_option = click.option(
    "--reading",
    "reading_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The reading's file, from the operator.",
)


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
    openmg wallet swap 0.2 ETH MG1
    openmg wallet swap 5 MG1 MG2 --slippage 0.5
    """
    from dataclasses import replace

    chain = network(rpc)
    sold, bought = chain.assets.parse(asset), chain.assets.parse(wanted)
    units = sold.base_units(amount)
    least = bought.base_units(minimum) if minimum else None
    wallet = open_wallet(name, rpc, "trade")
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
@reading_option
@payer_options
@wallet_option
@rpc_option
@json_option
def issue(
    reading_path: Path, relayer: str | None, own_account: bool, name: str, rpc: str | None, as_json: bool
) -> None:
    """Takes what a meter fed in during an epoch, as energy that can be traded. Once per meter and epoch.

    Microgrid and epoch are public; meter and amount aren't.

    \b
    openmg wallet issue --reading reading-1964210.json
    """
    chain = network(rpc)
    reading = _reading(reading_path)
    wallet = open_wallet(name, rpc, "issue")
    with stages("reading the chain") as stage:
        wallet.sync()
        meter = _meter(wallet, reading)
        submitter = submitter_of(wallet, relayer, own_account, stage)
        transaction = wallet.issue(meter, reading.epoch, reading.reading, reading.path, submitter, stage)
        stage("reading the chain")
        wallet.sync()
    done = next((entry for entry in wallet.history() if entry.transaction == transaction), None)
    content = {"transaction": transaction, "operation": "issue", "epoch": reading.epoch}
    taken = ""
    if done:
        asset = chain.assets.at(done.asset)
        content |= {"asset": asset.name, "amount": str(done.amount)}
        taken = f" {asset.shown(done.amount)}"
    answer(as_json, content, f"Issued{taken}: {transaction}")


@click.command(cls=Command)
@click.argument("amount", type=Amount())
@reading_option
@payer_options
@wallet_option
@rpc_option
@json_option
def settle(
    amount: int,
    reading_path: Path,
    relayer: str | None,
    own_account: bool,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Gives AMOUNT kWh back against what a meter used in an epoch. Once per meter and epoch.

    What isn't settled is billed at the tariff. `openmg wallet disclose settlement` shows the operator the receipt.

    \b
    openmg wallet settle 2.5 --reading reading-1964210.json
    """
    network(rpc)
    reading = _reading(reading_path)
    wallet = open_wallet(name, rpc, "settle")
    with stages("reading the chain") as stage:
        wallet.sync()
        meter = _meter(wallet, reading)
        submitter = submitter_of(wallet, relayer, own_account, stage)
        transaction = wallet.settle(meter, reading.epoch, reading.reading, reading.path, amount, submitter, stage)
    content = {"transaction": transaction, "operation": "settle", "epoch": reading.epoch, "amount": str(amount)}
    answer(as_json, content, f"Settled {shown(amount)} kWh of epoch {reading.epoch}: {transaction}")


def _reading(path: Path) -> ReadingFile:
    from offchain.metering.reading_file import ReadingFile

    return ReadingFile.parse(path.read_bytes())


def _meter(wallet: Wallet, reading: ReadingFile) -> OwnMeter:
    """The wallet's meter that a reading is of. Raises SessionError."""
    for meter in wallet.meters():
        if meter.commitment == reading.reading.commitment:
            if meter.microgrid != reading.microgrid:
                raise SessionError(f"the reading is of microgrid {reading.microgrid}, the meter of {meter.microgrid}")
            return meter
    raise SessionError("the reading is of no registered meter of this wallet: see `openmg wallet meter`")
