"""What a station or a car proves of a session to a third party, and how that one checks it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Command
from offchain.commands.disclosure import disclosing, read_file, write_sealed
from offchain.commands.output import answer, day_and_time, json_option, stages
from offchain.commands.session import Opening, network, rpc_option, wallet_option
from offchain.units import WATT_HOUR, shown

if TYPE_CHECKING:
    from offchain.assets import Assets
    from offchain.charging.evidence import Evidence, Verdict
    from offchain.charging.garage import Garage
    from offchain.wallet.disclose import Discloser
    from offchain.wallet.wallet import Wallet


@click.command(cls=Command)
@click.argument("session")
@disclosing
def receipt(session: str, **common: Any) -> None:
    """Proves, as the station, what it got for a session and what it paid back; SESSION is the beginning of its name.

    \b
    openmg charge receipt 5f3a90c1 --wallet station --auditor openmg1... --purpose "taxes of 2026" --output sold.json
    """

    def make(discloser: Discloser, wallet: Wallet) -> Evidence:
        from offchain.charging.client import ChargeError
        from offchain.charging.journal import StationJournal
        from offchain.charging.proof import of_station

        path = journal_of(wallet)
        if not path.exists():
            raise ChargeError("this wallet runs no station here")
        found = [one for one in StationJournal(path).settled() if one.quote.session.startswith(session)]
        if len(found) != 1:
            raise ChargeError(f"no one session with a receipt begins with {session!r}")
        return of_station(found[0], discloser)

    _told(write_sealed(common, make), common)


@click.command(cls=Command)
@click.argument("session")
@disclosing
def claim(session: str, **common: Any) -> None:
    """Proves, as the car, what it paid for a session and what is owed to it; SESSION is the beginning of its name.

    \b
    openmg charge claim 5f3a90c1 --auditor openmg1... --purpose "no refund" --output claim.json
    """

    def make(discloser: Discloser, wallet: Wallet) -> Evidence:
        from offchain.charging.car import SENT, mined_payments
        from offchain.charging.once import Sent
        from offchain.charging.proof import of_car

        garage = garage_of(wallet)
        found = garage.find(session)
        return of_car(found, mined_payments(found, Sent(wallet, garage.folder / SENT)), discloser)

    _told(write_sealed(common, make), common)


@click.command(cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@wallet_option
@rpc_option
@json_option
def verify(file: Path, name: str, rpc: str | None, as_json: bool) -> None:
    """Opens what a station or a car proves to this wallet, and holds it against the chain.

    \b
    openmg charge verify sold.json
    """
    from offchain.charging.evidence import Evidence
    from offchain.wallet.audit import Audit

    text = read_file(file)
    opening = Opening(name)
    chain = network(rpc)
    evidence = Evidence.unsealed(text, opening.keys.viewing)
    with stages("checking with the chain"):
        verdict = evidence.check(Audit(chain.web3, chain.manifest))
    purpose = evidence.payments.header.purpose
    answer(as_json, _content(verdict, purpose, chain.assets), *_lines(verdict, purpose, chain.assets))


def journal_of(wallet: Wallet) -> Path:
    """The file of a wallet's station."""
    path = wallet.store.path
    return path.with_name(f"station-{path.name}")


def garage_of(wallet: Wallet) -> Garage:
    """Where a wallet keeps the sessions of its car."""
    from offchain.charging.garage import Garage

    path = wallet.store.path
    return Garage(path.with_name(f"charging-{path.stem}"))


def _told(evidence: Evidence, common: dict[str, Any]) -> None:
    output, auditor = str(common["output"]), evidence.payments.header.auditor
    content = {"file": output, "session": evidence.quote.session, "auditor": auditor}
    count = len(evidence.payments.lines)
    line = f"{output}: {count} payments of session {evidence.quote.session[:8]}, readable for {auditor} alone."
    answer(common["as_json"], content, line)


def _lines(verdict: Verdict, purpose: str, assets: Assets) -> list[str]:
    quote, bill, asset = verdict.quote, verdict.bill, assets.at(verdict.quote.asset)
    first, last = map(day_and_time, verdict.times)
    lines = [
        f"A charging session, shown for: {purpose}",
        f"of station {quote.station}",
        f"paid to {quote.address}",
        "Everything below holds against signatures and chain.",
        "",
        f"{asset.shown(bill.paid)} paid in {verdict.payments} payments, {first} to {last} UTC",
        f"{shown(verdict.used * WATT_HOUR)} kWh by the meter's last reading, {asset.shown(1000 * quote.price)} a kWh: "
        f"{asset.shown(bill.charged)}",
        f"due back: {asset.shown(bill.refund)} (and {asset.shown(bill.refund_fee + bill.kept)} for the refund's fee)",
        f"shown to be paid back: {asset.shown(verdict.refunded)}",
    ]
    if verdict.owed:
        lines.append(f"not shown to be paid back: {asset.shown(verdict.owed)}")
    if bill.unpaid:
        lines.append(f"delivered and never paid for: {asset.shown(bill.unpaid)}")
    lines.append("With the station's signed receipt." if verdict.has_receipt else "Without a receipt of the station.")
    return lines


def _content(verdict: Verdict, purpose: str, assets: Assets) -> dict[str, Any]:
    quote, bill = verdict.quote, verdict.bill
    amounts = ("paid", "charged", "refund", "refund_fee", "kept", "unpaid")
    return {
        "purpose": purpose,
        "session": quote.session,
        "station": quote.station,
        "address": quote.address,
        "asset": assets.at(quote.asset).name,
        "delivered": verdict.used,
        "payments": verdict.payments,
        **{name: str(getattr(bill, name)) for name in amounts},
        "refunded": str(verdict.refunded),
        "owed": str(verdict.owed),
        "receipt": verdict.has_receipt,
        "first": verdict.times[0],
        "last": verdict.times[1],
    }
