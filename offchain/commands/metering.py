"""The metering operator's commands: registering meters, publishing and correcting readings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from offchain.command import Group
from offchain.commands.output import answer, columns, json_option, stages
from offchain.commands.session import Opening, SessionError, WalletName, network, own_sender, rpc_option

if TYPE_CHECKING:
    from offchain.commands.session import Network
    from offchain.sender import Sender

Function = TypeVar("Function", bound=Callable[..., Any])

DEVELOPMENT_ACCOUNT = 0
"""The local chains' account that runs the microgrids when no wallet is named."""

account_option = click.option(
    "--wallet",
    "name",
    type=WalletName(),
    help="Whose account is the operator's.  [default on local chains: a public development key]",
)


def readings_options(function: Function) -> Function:
    """Where an epoch's readings come from."""
    form = click.option(
        "--format",
        "form",
        metavar="NAME",
        default="csv",
        show_default=True,
        help="What READINGS are: csv, history, or a meter source of another package.",
    )
    return click.argument("readings")(form(function))


@click.group(cls=Group)
def operator() -> None:
    """Registers a microgrid's meters and publishes their readings.

    The book of meters and readings, and the bundles for the owners, are kept below OPENMG_METERING, a folder a chain.
    """


@operator.command()
@click.argument("microgrid")
@click.argument("card")
@click.option("--capacity", type=click.IntRange(1, 2**32 - 1), required=True, help="Most Wh an epoch, either way.")
@account_option
@rpc_option
@json_option
def register(microgrid: str, card: str, capacity: int, name: str | None, rpc: str | None, as_json: bool) -> None:
    """Registers the meter of CARD, which its owner's `openmg wallet meter` shows, in MICROGRID.

    \b
    openmg operator register MG1 openmgmeter1... --capacity 4000
    """
    from offchain.metering.card import MeterCard
    from offchain.metering.microgrid import Microgrid

    found = MeterCard.parse(card)
    chain, sender = _operator(name, rpc)
    run = Microgrid(microgrid, sender, chain.manifest, _folder(chain))
    with stages("registering"):
        new = run.register([found], capacity)
    content = {"microgrid": run.name, "commitment": hex(found.commitment), "capacity": capacity, "new": bool(new)}
    line = f"meter {found.commitment:#066x} in {run.name}, {capacity} Wh an epoch"
    answer(as_json, content, f"Registered {line}." if new else f"Registered already: {line}.")


@operator.command()
@click.argument("microgrid")
@click.argument("epoch", type=click.IntRange(0, 2**64 - 1))
@readings_options
@account_option
@rpc_option
@json_option
def publish(
    microgrid: str, epoch: int, readings: str, form: str, name: str | None, rpc: str | None, as_json: bool
) -> None:
    """Publishes an epoch's READINGS: a CSV file with the columns commitment, exported and imported (Wh); with --format
    history the URL of a database of `openmg api`, or - for that of OPENMG_DATABASE; else what the named meter source
    takes.

    Cut off, it is simply run again: the same readings are never published twice.

    \b
    openmg operator publish MG1 1964210 readings.csv
    openmg operator publish MG1 1964210 - --format history
    """
    _bring("publish", microgrid, epoch, (form, readings), name, rpc, as_json)


@operator.command()
@click.argument("microgrid")
@click.argument("epoch", type=click.IntRange(0, 2**64 - 1))
@readings_options
@account_option
@rpc_option
@json_option
def correct(
    microgrid: str, epoch: int, readings: str, form: str, name: str | None, rpc: str | None, as_json: bool
) -> None:
    """Replaces a published epoch's READINGS, as long as its correction window is open.

    \b
    openmg operator correct MG1 1964210 readings.csv
    """
    _bring("correct", microgrid, epoch, (form, readings), name, rpc, as_json)


@operator.command()
@click.argument("microgrid")
@rpc_option
@json_option
def status(microgrid: str, rpc: str | None, as_json: bool) -> None:
    """Shows a microgrid's meters, and which of them the chain has.

    \b
    openmg operator status MG1
    """
    from offchain.metering.microgrid import Microgrid
    from offchain.sender import development_sender

    chain = network(rpc)
    run = Microgrid(microgrid, development_sender(chain.web3, DEVELOPMENT_ACCOUNT), chain.manifest, _folder(chain))
    known, meters = run.registration.registered(), run.ledger.meters(run.number)
    rows = [("meter", "Wh an epoch", "on chain")]
    rows += [
        (f"{meter.card.commitment:#066x}", str(meter.capacity), "yes" if meter.card.commitment in known else "no")
        for meter in meters
    ]
    content = [
        {
            "commitment": hex(meter.card.commitment),
            "capacity": meter.capacity,
            "registered": meter.card.commitment in known,
        }
        for meter in meters
    ]
    answer(as_json, {"microgrid": run.name, "meters": content}, *columns(rows))


def _bring(
    what: str,
    microgrid: str,
    epoch: int,
    readings: tuple[str, str],
    name: str | None,
    rpc: str | None,
    as_json: bool,
) -> None:
    from offchain.metering.microgrid import Microgrid
    from offchain.metering.source import SOURCES, read

    form, place = readings
    source = SOURCES.load(form)
    chain, sender = _operator(name, rpc)
    run = Microgrid(microgrid, sender, chain.manifest, _folder(chain))
    found = read(source, place, run.epoch(epoch))
    with stages("building the tree"):
        done = (run.publish if what == "publish" else run.correct)(epoch, found)
    bundle = run.publisher.bundle(done.data_hash)
    missing = run.without(found)
    content = {
        "outcome": done.outcome.value,
        "microgrid": run.name,
        "epoch": epoch,
        "root": hex(done.root),
        "exported": done.exported,
        "imported": done.imported,
        "bundle": str(bundle),
        "open_from": done.open_from,
        "missing": [hex(meter) for meter in missing],
    }
    answer(
        as_json,
        content,
        f"Epoch {epoch} of {run.name}: {done.outcome}. {done.exported} Wh exported, {done.imported} imported.",
        f"Of {len(missing)} registered meters there is no reading.",
        f"For the owners: {bundle}",
    )


def _operator(name: str | None, rpc: str | None) -> tuple[Network, Sender]:
    """The chain, and the account that acts on it."""
    from offchain.chains import LOCAL_CHAIN_IDS
    from offchain.sender import development_sender

    opening = Opening(name) if name is not None else None
    chain = network(rpc)
    if opening is not None:
        return chain, own_sender(opening.wallet(chain))
    if chain.manifest.chain_id not in LOCAL_CHAIN_IDS:
        raise SessionError(f"--wallet is needed on chain {chain.manifest.chain_id}: its account is the operator's")
    return chain, development_sender(chain.web3, DEVELOPMENT_ACCOUNT)


def _folder(chain: Network) -> Path:
    """Where the book and the bundles of a chain are."""
    from offchain.settings import settings

    return settings.metering / str(chain.manifest.chain_id)
