"""Showing one auditor a part of the history, and checking what was shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from offchain import durable_file
from offchain.command import Command, Group
from offchain.commands.account import period
from offchain.commands.output import answer, day_and_time, json_option, stages
from offchain.commands.session import Opening, network, receiver, rpc_option, wallet_option
from offchain.units import shown

if TYPE_CHECKING:
    from offchain.assets import Assets
    from offchain.wallet.audit import Finding
    from offchain.wallet.disclose import Discloser
    from offchain.wallet.disclosure import Disclosure, Header
    from offchain.wallet.wallet import Wallet

Function = TypeVar("Function", bound=Callable[..., Any])


class Sealed(Protocol):
    """What becomes a file that only its auditor opens."""

    def sealed(self) -> str: ...


Made = TypeVar("Made", bound=Sealed)

WORDS = {
    "payment": "paid",
    "received": "received",
    "change": "kept as change",
    "unshielded": "paid out",
    "swapped": "gave the exchange",
}


class TransactionHash(click.ParamType):
    """A transaction's hash."""

    name = "transaction"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).lower()
        if len(text) != 66 or not text.startswith("0x") or set(text[2:]) - set("0123456789abcdef"):
            self.fail(f"{value} is no transaction's hash: 0x and 64 hexadecimal digits", param, ctx)
        return text


def disclosing(function: Function) -> Function:
    """What every disclosure takes."""
    options = [
        click.option("--auditor", required=True, metavar="ADDRESS", help="Who alone can open it (openmg1...)."),
        click.option("--purpose", required=True, metavar="TEXT", help="What it is for; the auditor reads it."),
        click.option("--output", required=True, type=click.Path(path_type=Path), help="The file to write."),
        wallet_option,
        rpc_option,
        json_option,
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.group(cls=Group)
def disclose() -> None:
    """Shows one auditor a payment, a period or a settlement, and nothing else.

    Writes a file that only the auditor can open and hold against the chain: docs/flows/disclosure.md says what it
    proves and what it doesn't.
    """


@disclose.command(name="payment")
@click.argument("transaction", type=TransactionHash())
@disclosing
def payment(transaction: str, **common: Any) -> None:
    """Shows that a payment of an amount went to its receiver, as its payer or its receiver.

    \b
    openmg wallet disclose payment 0x... --auditor openmg1... --purpose "rent of May" --output rent.json
    """
    _write(common, lambda discloser: discloser.payment(transaction))


@disclose.command(name="statement")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day (UTC).")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day after (UTC).")
@disclosing
def statement(since: datetime, until: datetime, **common: Any) -> None:
    """Shows all that the wallet did and received in a period.

    \b
    openmg wallet disclose statement --since 2026-01-01 --until 2027-01-01 \\
        --auditor openmg1... --purpose "tax of 2026" --output 2026.json
    """
    first, end = period(since, until)
    _write(common, lambda discloser: discloser.statement(first, end))


@disclose.command(name="settlement")
@click.argument("transaction", type=TransactionHash())
@disclosing
def settlement(transaction: str, **common: Any) -> None:
    """Shows the operator how much a settlement burned, for the bill.

    \b
    openmg wallet disclose settlement 0x... --auditor openmg1... --purpose "bill of May" --output may.json
    """
    _write(common, lambda discloser: discloser.settlement(transaction))


@click.command(cls=Command, name="verify-disclosure")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@wallet_option
@rpc_option
@json_option
def verify_disclosure(file: Path, name: str, rpc: str | None, as_json: bool) -> None:
    """Opens a disclosure that was made for this wallet and holds it against the chain.

    \b
    openmg wallet verify-disclosure rent.json
    """
    from offchain.wallet.audit import Audit
    from offchain.wallet.disclosure import Disclosure

    text = read_file(file)
    opening = Opening(name)
    chain = network(rpc)
    disclosure = Disclosure.unsealed(text, opening.keys.viewing)
    with stages("checking with the chain"):
        findings = Audit(chain.web3, chain.manifest).check(disclosure)
    assets = chain.assets
    header = disclosure.header
    lines = [*_heading(header), *(line for finding in findings for line in _lines(finding, assets))]
    answer(as_json, _content(header, findings, assets), *lines)


def read_file(file: Path) -> str:
    """The text of a file that was sealed. Raises DisclosureError."""
    from offchain.wallet.disclosure import DisclosureError
    from offchain.wallet.sealed_file import LARGEST_FILE

    try:
        if file.stat().st_size > LARGEST_FILE:
            raise DisclosureError(f"{file} is too large for what it should be")
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise DisclosureError(f"{file} can't be read: {error}") from error


def write_sealed(common: dict[str, Any], make: Callable[[Discloser, Wallet], Made]) -> Made:
    """Writes what is disclosed with a command's wallet into its file. Raises DisclosureError."""
    from offchain.wallet.disclose import Discloser
    from offchain.wallet.disclosure import DisclosureError

    output: Path = common["output"]
    auditor = receiver(common["auditor"])
    if output.exists():
        raise DisclosureError(f"{output} exists: give another name")
    if not output.parent.is_dir():
        raise DisclosureError(f"there is no folder {output.parent}")
    opening = Opening(common["name"], "joinsplit")
    wallet = opening.wallet(network(common["rpc"]))
    with stages("reading the chain") as stage:
        discloser = Discloser(wallet, auditor, common["purpose"], stage)
        wallet.sync()
        made = make(discloser, wallet)
    try:
        durable_file.replace(output, f"{made.sealed()}\n".encode())
    except OSError as error:
        raise DisclosureError(f"{output} can't be written: {error.strerror}") from error
    return made


def _write(common: dict[str, Any], make: Callable[[Discloser], Disclosure]) -> None:
    disclosure = write_sealed(common, lambda discloser, _: make(discloser))
    header, output = disclosure.header, common["output"]
    content = {"file": str(output), "subject": header.subject.value, "auditor": header.auditor}
    count = len(disclosure.lines)
    transactions = "one transaction" if count == 1 else f"{count} transactions"
    answer(
        common["as_json"],
        {**content, "transactions": count},
        f"{output}: a {header.subject.value} of {transactions}, readable for {header.auditor} alone.",
    )


def _heading(header: Header) -> list[str]:
    lines = [f"A {header.subject.value}, made {day_and_time(header.made)} UTC for: {header.purpose}"]
    if header.owner:
        lines.append(f"of {header.owner}")
        lines.append(f"from {day_and_time(header.since)} to before {_end(header.until)} UTC")
    return [*lines, "Everything below holds against the chain."]


def _end(until: int) -> str:
    return day_and_time(until) if until < 2**32 else "now"


def _lines(finding: Finding, assets: Assets) -> list[str]:
    lines = ["", f"{day_and_time(finding.time)} UTC  {finding.kind}  {finding.transaction}"]
    for asset, amount in finding.spent.items():
        lines.append(f"  the discloser spent notes of {assets.at(asset).shown(amount)}")
    if finding.by_owner and not finding.spent:
        lines.append("  the discloser owns notes that were spent here")
    for movement in finding.movements:
        preposition = "by" if movement.role == "received" else "to"
        address = f" {preposition} {movement.address}" if movement.address and movement.role != "change" else ""
        lines.append(f"  {WORDS[movement.role]} {assets.at(movement.asset).shown(movement.amount)}{address}")
    if finding.burned is not None:
        lines.append(f"  settled {shown(finding.burned)} kWh in microgrid {finding.microgrid}, epoch {finding.epoch}")
        lines.append(f"  meter {hex(finding.meter)}")
    return lines


def _content(header: Header, findings: list[Finding], assets: Assets) -> dict[str, Any]:
    lines = []
    for finding in findings:
        line: dict[str, Any] = {
            "transaction": finding.transaction,
            "kind": finding.kind,
            "block": finding.block,
            "time": finding.time,
            "by_owner": finding.by_owner,
            "spent": {assets.at(asset).name: str(amount) for asset, amount in finding.spent.items()},
            "movements": [
                {
                    "role": movement.role,
                    "asset": assets.at(movement.asset).name,
                    "amount": str(movement.amount),
                    "address": movement.address,
                }
                for movement in finding.movements
            ],
        }
        if finding.burned is not None:
            line |= {"burned": str(finding.burned), "microgrid": finding.microgrid, "epoch": finding.epoch}
            line["meter"] = hex(finding.meter)
        lines.append(line)
    head: dict[str, Any] = {"subject": header.subject.value, "purpose": header.purpose, "made": header.made}
    if header.owner:
        head |= {"owner": header.owner, "since": header.since, "until": header.until}
    return {**head, "transactions": lines}
