"""`make flower-demo`: nine homes on three Flower nodes train a forecast, and the same once more in one process.

Everything is real but for the readings and the place: TLS, nodes known by keys, masks, signatures; all on loopback.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import numpy as np
import pandas as pd

from offchain.environment import CACHE
from offchain.errors import UserError
from offchain.metering.readings_file import TIME_COLUMN
from offchain.ppdl.aggregation.in_process import SecureAggregation
from offchain.ppdl.flower import keys, services
from offchain.ppdl.flower.certificates import make_certificates
from offchain.ppdl.flower.comparison import compared
from offchain.ppdl.flower.federation import Federation
from offchain.ppdl.flower.homes import MODEL, gate, initial_state, training, training_data
from offchain.ppdl.flower.progress import Done, Ended, Progress, Told
from offchain.ppdl.learning.federation import Round, federate
from offchain.ppdl.learning.model import STATE_UNIT
from offchain.ppdl.learning.readings import Readings, bundled, read_csv

NODES, HOMES_EACH, VOLUNTEERS = 3, 3, 3
WEEKS, TRAINING_WEEKS, HOURS_OF_WEEK = 14, 12, 168
ANSWER_SECONDS = 180
MOST_SECONDS = 900


START = time.monotonic()


class DemoError(UserError):
    """Says in one line why the demo failed."""


@click.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 20), help="Rounds of training.")
@click.option("--seed", default=7, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Of the training.")
def main(rounds: int, seed: int) -> None:
    """Trains over Flower and in one process, and compares."""
    CACHE.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="flower-demo-", dir=CACHE))
    try:
        over_flower = run(folder, rounds, seed)
        for line in compared(over_flower, in_process(folder)):
            say(line)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise click.ClickException("stopped") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, rounds: int, seed: int) -> list[Done]:
    """The rounds over Flower. Raises DemoError if one has no result, or a UserError if something doesn't start."""
    services.set_environment(folder / "flower")
    federation = prepare(folder, rounds, seed)
    with ExitStack() as running:
        say("starting Flower's SuperLink with TLS, for nodes with registered keys")
        link = running.enter_context(services.superlink(folder, make_certificates(folder)))
        for number in range(1, NODES + 1):
            say(f"registering and starting node {number} with {HOMES_EACH} homes")
            running.enter_context(node(link, folder / "federation.json", folder / f"node-{number}"))
        progress = Progress(folder / "progress.jsonl")
        config = {"federation": str(folder / "federation.json"), "test-readings": str(folder / "volunteers.csv")}
        services.run_app(config | {"progress": str(progress.path), "nodes": NODES, "seconds": ANSWER_SECONDS})
        done = list(follow(progress))
    if len(done) < federation.rounds:
        raise DemoError(f"only {len(done)} of {federation.rounds} rounds are done")
    return done


def prepare(folder: Path, rounds: int, seed: int) -> Federation:
    """Each node's readings and keys in its own folder, readings of homes that gave theirs away, and the federation."""
    readings = bundled(NODES * HOMES_EACH + VOLUNTEERS, WEEKS)
    accounts = []
    for number in range(NODES):
        own = folder / f"node-{number + 1}"
        own.mkdir(mode=0o700)
        homes = np.arange(number * HOMES_EACH, (number + 1) * HOMES_EACH)
        write_csv(own / "readings.csv", readings.of(homes))
        accounts += keys.create(own / "keys.json", HOMES_EACH)
    write_csv(folder / "volunteers.csv", readings.of(np.arange(NODES * HOMES_EACH, len(readings.households))))
    addresses = tuple(account.address for account in accounts)
    federation = Federation("demo", addresses, "next_hour", TRAINING_WEEKS * HOURS_OF_WEEK, rounds, seed)
    federation.write(folder / "federation.json")
    return federation


@contextmanager
def node(link: services.Superlink, federation: Path, folder: Path) -> Iterator[None]:
    """A registered node that takes part."""
    key = services.new_node(folder)
    with (
        services.supernode(link, folder, services.known_by(link, key)) as address,
        services.executor(address, federation, folder),
    ):
        yield


def follow(progress: Progress) -> Iterator[Done]:
    """Tells of a run until it ends. Raises DemoError if it fails, or takes too long."""
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        for event in progress.new():
            match event:
                case Told():
                    say(f"round {event.round}: {event.line}")
                case Done():
                    say(f"round {event.round}: {summary(event)}")
                    yield event
                case Ended():
                    if event.failure:
                        raise DemoError(event.failure)
                    return
        time.sleep(0.5)
    raise DemoError(f"the run didn't end within {MOST_SECONDS} s")


def in_process(folder: Path) -> list[Round]:
    """The same rounds in this process, of the same files."""
    say("the same in one process")
    federation = Federation.read(folder / "federation.json")
    parts = [read_csv(folder / f"node-{number}" / "readings.csv") for number in range(1, NODES + 1)]
    names = [name for part in parts for name in part.households]
    together = Readings(names, parts[0].hours, np.concatenate([part.kwh for part in parts], axis=1))
    data, test = training_data(federation, together), gate(federation, read_csv(folder / "volunteers.csv"))
    state, secure = initial_state(federation), SecureAggregation()
    return list(federate(MODEL, data, test, training(federation), state, aggregate=secure))


def summary(done: Done) -> str:
    """A round in a line."""
    return (
        f"{done.clients} homes, training loss {done.training_loss:.4f}, error on the volunteers' homes "
        f"{done.loss_before * STATE_UNIT:.4f} before and {done.loss_after * STATE_UNIT:.4f} after, "
        + ("accepted" if done.accepted else "not accepted")
    )


def write_csv(path: Path, readings: Readings) -> None:
    """Readings as a file that the nodes read."""
    times = pd.Index(readings.hours.strftime("%Y-%m-%d %H:%M:%S"), name=TIME_COLUMN)
    pd.DataFrame(readings.kwh, columns=readings.households, index=times).to_csv(path)


def say(line: str) -> None:
    """Tells a line at once, with the seconds since the start."""
    click.echo(f"{time.monotonic() - START:6.1f} s  {line}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
