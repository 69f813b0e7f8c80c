"""What a wallet holds, what it did, and its meters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Command
from offchain.commands.output import answer, columns, day_and_time, json_option, stages
from offchain.commands.session import Opening, network, open_reader, rpc_option, wallet_option

if TYPE_CHECKING:
    from offchain.assets import Assets
    from offchain.wallet.history import Entry

viewing_option = click.option(
    "--by-viewing-key",
    is_flag=True,
    help="Ask for a viewing key (or take OPENMG_VIEWING_KEY) instead of opening a wallet.",
)


@click.command(cls=Command)
@wallet_option
@viewing_option
@rpc_option
@json_option
def balance(name: str, by_viewing_key: bool, rpc: str | None, as_json: bool) -> None:
    """Shows what can be spent, and what waits for the next flush.

    \b
    openmg wallet balance
    openmg wallet balance --wallet savings --json
    """
    from offchain.assets import Assets

    reader = open_reader(name, rpc, by_viewing_key=by_viewing_key)
    with stages("reading the chain"):
        block = reader.sync()
    assets, balances = Assets(reader.manifest, reader.node), reader.balances()
    content = [
        {
            "asset": assets.at(held.asset).name,
            "token": held.asset,
            "spendable": str(held.spendable),
            "waiting": str(held.waiting),
            "notes": held.notes,
        }
        for held in balances
    ]
    rows = []
    for held in balances:
        asset = assets.at(held.asset)
        waiting = f"and {asset.shown(held.waiting)} once they are flushed" if held.waiting else ""
        rows.append((asset.shown(held.spendable), waiting))
    answer(as_json, {"block": block, "balances": content}, *(columns(rows) if rows else ["Nothing yet."]))


@click.command(cls=Command)
@wallet_option
@viewing_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day (UTC).")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="First day after (UTC).")
@rpc_option
@json_option
def history(
    name: str, by_viewing_key: bool, since: datetime | None, until: datetime | None, rpc: str | None, as_json: bool
) -> None:
    """Shows what the wallet did and received, oldest first.

    \b
    openmg wallet history
    openmg wallet history --since 2026-11-01 --until 2026-12-01
    """
    from offchain.assets import Assets

    first, end = period(since, until)
    reader = open_reader(name, rpc, by_viewing_key=by_viewing_key)
    with stages("reading the chain"):
        reader.sync()
    assets = Assets(reader.manifest, reader.node)
    entries = [entry for entry in reader.history() if first <= entry.time < end]
    rows = columns([_row(entry, assets) for entry in entries]) if entries else []
    lines = [line for entry, row in zip(entries, rows, strict=True) for line in (row, *_details(entry, assets))]
    answer(as_json, {"entries": [_content(entry, assets) for entry in entries]}, *(lines or ["Nothing yet."]))


@click.command(cls=Command)
@wallet_option
@rpc_option
@json_option
def meter(name: str, rpc: str | None, as_json: bool) -> None:
    """Shows the wallet's registered meters, and the card to give to the operator for the next one.

    The card holds a commitment and a key that readings are encrypted to; it tells nothing of the wallet's address.

    \b
    openmg wallet meter
    """
    from offchain.metering.card import MeterCard

    opening = Opening(name)
    wallet = opening.wallet(network(rpc))
    with stages("reading the chain"):
        wallet.sync()
    registered = wallet.meters()
    taken = {meter.commitment for meter in registered}
    number = next(number for number in range(len(taken) + 1) if wallet.keys.meter_commitment(number) not in taken)
    card = str(MeterCard.of(wallet.keys.meter_secret(number)))
    content = {
        "meters": [
            {"commitment": hex(meter.commitment), "microgrid": meter.microgrid, "capacity": meter.capacity}
            for meter in registered
        ],
        "next_card": card,
    }
    lines = [
        f"{place}. microgrid {meter.microgrid}, {meter.capacity / 1000:g} kWh an epoch, {hex(meter.commitment)}"
        for place, meter in enumerate(registered, start=1)
    ]
    lines += [f"To register {'another' if registered else 'a'} meter, give the operator this card:", card]
    answer(as_json, content, *lines)


def period(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Unix times of the start of `since` and of `until`, in UTC. Raises UsageError if there is nothing between them."""
    start = int(since.replace(tzinfo=UTC).timestamp()) if since else 0
    end = int(until.replace(tzinfo=UTC).timestamp()) if until else 2**63 - 1
    if end <= start or start < 0:
        raise click.UsageError("--until must be after --since, and both after 1970")
    return start, end


def _row(entry: Entry, assets: Assets) -> tuple[str, ...]:
    got = f"for {assets.at(entry.got_asset).shown(entry.got_amount)}" if entry.got_asset else ""
    return day_and_time(entry.time), entry.kind.value, assets.at(entry.asset).shown(entry.amount), got


def _details(entry: Entry, assets: Assets) -> list[str]:
    details = []
    if entry.counterparty:
        details.append(f"  to {entry.counterparty}")
    if entry.microgrid:
        details.append(f"  microgrid {entry.microgrid}, epoch {entry.epoch}")
    if entry.fee:
        details.append(f"  fee {assets.at(entry.asset).shown(entry.fee)}")
    return [*details, f"  {entry.transaction}"]


def _content(entry: Entry, assets: Assets) -> dict[str, Any]:
    content: dict[str, Any] = {
        "kind": entry.kind.value,
        "asset": assets.at(entry.asset).name,
        "amount": str(entry.amount),
        "fee": str(entry.fee),
        "transaction": entry.transaction,
        "block": entry.block,
        "time": entry.time,
    }
    if entry.counterparty:
        content["counterparty"] = entry.counterparty
    if entry.got_asset:
        content |= {"got_asset": assets.at(entry.got_asset).name, "got_amount": str(entry.got_amount)}
    if entry.microgrid:
        content |= {"microgrid": entry.microgrid, "epoch": entry.epoch}
    return content
