"""The readings of an epoch as meters sent them to the service, for `openmg operator publish --format history`."""

from __future__ import annotations

from collections.abc import Iterator

from offchain.history.database import Database
from offchain.history.energy import epoch_readings
from offchain.metering.readings_tree import Reading
from offchain.metering.source import Epoch, SourceError


def read(place: str, epoch: Epoch) -> Iterator[Reading]:
    """Those of each meter that sent all of it, from a database by its URL. Raises HistoryError, SourceError if there
    are none."""
    database = Database(place, must_exist=True)
    found = epoch_readings(database, epoch.microgrid, epoch.start, epoch.length)
    database.close()
    if not found.readings:
        raise SourceError(f"no meter of {epoch.microgrid} has sent all of epoch {epoch.number}")
    for meter, imported, exported in found.readings:
        yield Reading(int.from_bytes(meter, "big"), exported, imported)
