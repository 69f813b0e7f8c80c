"""Where an operator's readings of an epoch come from: a function for each format, those of other packages among them
(docs/reference/extension-points.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import index
from typing import Protocol

from offchain.errors import UserError
from offchain.extensions import ExtensionPoint, told
from offchain.metering.readings_tree import Reading

LONGEST = 200
"""Characters that an error has of what is no reading."""


class SourceError(UserError):
    """Says in one line why an epoch's readings can't be had."""


@dataclass(frozen=True)
class Epoch:
    """An epoch of a microgrid, which is named as MG1; `length` in seconds."""

    microgrid: str
    number: int
    length: int

    @property
    def start(self) -> int:
        """When it began, Unix time in seconds."""
        return self.number * self.length


class Source(Protocol):
    """Gives an epoch's readings, one a meter that has one, from a place: a file, a URL, whatever it takes. Raises
    SourceError or another UserError."""

    def __call__(self, place: str, epoch: Epoch) -> Iterable[Reading]: ...


SOURCES: ExtensionPoint[Source] = ExtensionPoint(
    "openmg.readings",
    "meter source",
    {"csv": "offchain.metering.readings_table:read", "history": "offchain.history.source:read"},
)


def read(source: Source, place: str, epoch: Epoch) -> list[Reading]:
    """The readings of an epoch. Raises SourceError, also for whatever goes wrong in another's source."""
    with told(f"the readings of epoch {epoch.number} can't be had", SourceError):
        return [_whole(reading) for reading in source(place, epoch)]


def _whole(reading: Reading) -> Reading:
    """With whole numbers, of whatever library."""
    try:
        return Reading(index(reading.commitment), index(reading.exported), index(reading.imported))
    except (AttributeError, TypeError):
        raise SourceError(f"{repr(reading)[:LONGEST]} is no reading in whole Wh") from None
