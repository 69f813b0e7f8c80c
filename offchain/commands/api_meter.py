"""The meters whose readings the API takes."""

from __future__ import annotations

import click

from offchain.command import Group
from offchain.commands.api_key import Commitment
from offchain.commands.output import answer, columns, json_option


@click.group(cls=Group)
def meter() -> None:
    """Says which meters' readings are taken."""


@meter.command()
@click.argument("meter", type=Commitment())
@click.argument("microgrid")
@click.option("--signing-key", required=True, help="The meter device's Ed25519 public key, 64 hexadecimal digits.")
@click.option("--capacity", type=click.IntRange(1, 2**32 - 1), required=True, help="Most Wh an interval, either way.")
@click.option("--minutes", type=click.IntRange(1, 1440), default=15, show_default=True, help="Length of an interval.")
@json_option
def add(meter: bytes, microgrid: str, signing_key: str, capacity: int, minutes: int, as_json: bool) -> None:
    """Adds METER, a card or commitment, to MICROGRID, or gives it another signing key or capacity.

    \b
    openmg api meter add openmgmeter1... MG1 --signing-key 3b6a... --capacity 4000
    """
    from offchain.history.database import Database
    from offchain.history.meters import MeterError, add_meter
    from offchain.settings import settings

    try:
        public = bytes.fromhex(signing_key)
    except ValueError:
        raise MeterError("the signing key is no hexadecimal number") from None
    database = Database(settings.database)
    new = add_meter(database, meter, public, microgrid.upper(), capacity, minutes * 60)
    database.close()
    content = {"meter": meter.hex(), "microgrid": microgrid.upper(), "capacity": capacity, "new": new}
    line = f"meter 0x{meter.hex()} in {microgrid.upper()}, {capacity} Wh in {minutes} minutes"
    answer(as_json, content, f"Added {line}." if new else f"Changed {line}.")


@meter.command("list")
@json_option
def show(as_json: bool) -> None:
    """Lists the meters whose readings are taken.

    \b
    openmg api meter list
    """
    from offchain.history.database import Database
    from offchain.history.meters import all_meters
    from offchain.settings import settings

    database = Database(settings.database)
    meters = all_meters(database)
    database.close()
    rows = [("meter", "microgrid", "Wh an interval", "minutes")]
    rows += [(f"0x{one.commitment.hex()}", one.microgrid, str(one.capacity), str(one.interval // 60)) for one in meters]
    content = [
        {
            "meter": one.commitment.hex(),
            "microgrid": one.microgrid,
            "capacity": one.capacity,
            "interval": one.interval,
            "signing_key": one.signing_key.hex(),
        }
        for one in meters
    ]
    answer(as_json, {"meters": content}, *columns(rows))
