"""The API's service, the intake from a broker, and the readings of an epoch for the publication."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from offchain.command import Group
from offchain.commands.api_index import chains_of, index, indexing
from offchain.commands.api_key import key
from offchain.commands.api_meter import meter
from offchain.commands.output import answer, json_option, say
from offchain.commands.plasma_session import root_option
from offchain.commands.reporting import reporting
from offchain.commands.session import listen, rpc_option

if TYPE_CHECKING:
    from offchain.health import Check


@click.group(cls=Group)
def api() -> None:
    """The HTTP API with its history of readings, in the database of OPENMG_DATABASE."""


api.add_command(key)
api.add_command(meter)
api.add_command(index)


@api.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Network address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8640, show_default=True)
@click.option("--index", "index_too", is_flag=True, help="Follow the chains' events too, as `openmg api index` does.")
@click.option(
    "--models",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder of the model chain that forecasts are made with.  [default: no forecasts]",
)
@rpc_option
@root_option
@json_option
def serve(
    host: str,
    port: int,
    index_too: bool,
    models: Path | None,
    rpc: str | None,
    root_url: str | None,
    as_json: bool,
) -> None:
    """Serves the API until Ctrl-C. Its log, a JSON object a line, goes to stderr.

    \b
    openmg api serve --port 8640
    openmg api serve --index --models models/demand
    """
    from contextlib import nullcontext
    from zoneinfo import ZoneInfo

    from offchain import http_service
    from offchain.advice.library import Library
    from offchain.api.application import Rules, application
    from offchain.history.database import Database
    from offchain.settings import settings

    chains = chains_of(rpc, root_url, models)
    database = Database(settings.database)
    rules = Rules(
        settings.late_hours * 3600,
        settings.api_rate,
        settings.api_origins,
        ZoneInfo(settings.time_zone),
        Library.of(settings.advice),
        settings.eth_price,
    )
    listening = listen(host, port)
    url = f"http://{host}:{port}"
    answer(as_json, {"url": url, "database": database.place}, f"API at {url}, history in {database.place}")
    click.get_text_stream("stdout").flush()
    app = application(database, rules, chains=chains)
    probes: dict[str, Check] = {"database": database.check}
    probes |= {f"chain {chain.id}": chain.node.height for chain in chains.followed}
    with reporting(probes, app.state.metrics.registry), indexing(database, chains) if index_too else nullcontext():
        http_service.serve(app, listening)
    database.close()


@api.command()
@json_option
def migrate(as_json: bool) -> None:
    """Brings the database to the newest tables. Every command that uses it does so too; this one does nothing else, for
    an upgrade that is to be seen before services start.

    \b
    openmg api migrate
    """
    from offchain.history.database import Database
    from offchain.settings import settings

    database = Database(settings.database)
    version = database.version()
    database.close()
    answer(as_json, {"database": database.place, "version": version}, f"{database.place} has tables {version}")


@api.command()
@click.option("--name", default="openmg-intake", show_default=True, help="The session's name at the broker.")
@json_option
def intake(name: str, as_json: bool) -> None:
    """Takes readings from an MQTT broker until Ctrl-C: the one of OPENMG_MQTT, mqtt://HOST or
    mqtts://USER:PASSWORD@HOST:PORT.

    \b
    export OPENMG_MQTT=mqtts://intake:password@broker.example
    openmg api intake
    """
    import json
    from contextlib import suppress

    from offchain.api.mqtt import READINGS, Broker, Subscriber
    from offchain.api.watch import Metrics, json_log
    from offchain.history.database import Database
    from offchain.history.intake import Intake
    from offchain.settings import settings

    broker = Broker.parse(settings.mqtt.get_secret_value())
    database, metrics = Database(settings.database), Metrics()
    subscriber = Subscriber(broker, name, Intake(database, settings.late_hours * 3600), metrics, json_log())
    line = f"Takes readings from {broker}, {READINGS}/METER"
    content = {"broker": str(broker), "topic": f"{READINGS}/+"}
    with suppress(KeyboardInterrupt), reporting({"database": database.check}, metrics.registry):
        subscriber.run(lambda: say(json.dumps(content) if as_json else line))


@api.command()
@click.argument("microgrid")
@click.argument("epoch", type=click.IntRange(0, 2**40))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--minutes", type=click.IntRange(1, 1440), default=15, show_default=True, help="Length of an epoch.")
@json_option
def collect(microgrid: str, epoch: int, file: Path, minutes: int, as_json: bool) -> None:
    """Writes what MICROGRID's meters sent of EPOCH into FILE, for `openmg operator publish`.

    \b
    openmg api collect MG1 1964210 readings.csv
    """
    from offchain.commands.session import SessionError
    from offchain.history.database import Database
    from offchain.history.energy import epoch_readings
    from offchain.metering.readings_table import write
    from offchain.metering.readings_tree import Reading
    from offchain.settings import settings

    database = Database(settings.database)
    found = epoch_readings(database, microgrid, epoch * minutes * 60, minutes * 60)
    database.close()
    if not found.readings:
        raise SessionError(f"no meter of {microgrid} has sent a reading of epoch {epoch}")
    write(file, [Reading(int.from_bytes(meter, "big"), out, into) for meter, into, out in found.readings])
    missing = [f"0x{meter.hex()}" for meter in found.missing]
    content = {"microgrid": microgrid, "epoch": epoch, "readings": len(found.readings), "missing": missing}
    answer(as_json, content, f"{len(found.readings)} readings in {file}; of {len(missing)} meters there is none.")
