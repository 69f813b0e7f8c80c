"""The readings of an epoch as meters sent them to the service, for `openmg operator publish --format history`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from offchain.history.database import Database
from offchain.history.energy import epoch_readings
from offchain.metering.readings_tree import Reading
from offchain.metering.source import Epoch, SourceError
from offchain.settings import settings

CONFIGURED = "-"


def read(place: str, epoch: Epoch) -> Iterator[Reading]:
    """Those of each meter that sent all of it, from a database by its URL; `-` is that of OPENMG_DATABASE, whose
    password no list of processes then shows. Raises HistoryError, SourceError if there are none."""
    with closing(Database(settings.database if place == CONFIGURED else place, must_exist=True)) as database:
        found = epoch_readings(database, epoch.microgrid, epoch.start, epoch.length)
    if not found.readings:
        raise SourceError(f"no meter of {epoch.microgrid} has sent all of epoch {epoch.number}")
    for meter, imported, exported in found.readings:
        yield Reading(int.from_bytes(meter, "big"), exported, imported)
