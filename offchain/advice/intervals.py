"""Hours out of intervals of any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from offchain.advice.habit import Floats, Integers

HOUR = 3600


@dataclass(frozen=True)
class Hours:
    """Hours of some clocks from Unix time `start` on: `wh` [hours, columns], `whole` [hours] where nothing lacks."""

    start: int
    wh: Integers
    whole: NDArray[np.bool_]

    @property
    def end(self) -> int:
        """Where they end."""
        return self.start + len(self.wh) * HOUR

    @property
    def known(self) -> Floats:
        """The same with NaN where something lacks."""
        found: Floats = np.where(self.whole[:, None], self.wh, np.nan)
        return found

    def trimmed(self) -> Hours:
        """From the first whole hour to the last; no hour without one."""
        places = np.flatnonzero(self.whole)
        inner = slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)
        return Hours(self.start + inner.start * HOUR, self.wh[inner], self.whole[inner])


def hours_of(starts: Sequence[int], length: int, columns: Sequence[Sequence[int]], zone: tzinfo) -> Hours:
    """Of at least one interval of so many seconds: `starts` (Unix time) ascend, and each column has what they hold, in
    Wh. What lies in several hours is divided evenly, and not a Wh is lost in rounding."""
    begun = np.array(starts, np.int64)
    first = beginning(int(begun[0]), zone)
    edges = np.arange(first, int(begun[-1]) + length + HOUR, HOUR)
    covered = _per_hour(edges, begun, length, np.full(len(begun), length))
    wh = [_per_hour(edges, begun, length, np.array(column, np.int64)) for column in columns]
    return Hours(first, np.stack(wh, axis=1), covered == HOUR)


def beginning(moment: int, zone: tzinfo) -> int:
    """When the hour began that clocks show at a moment, both in Unix time."""
    clock = datetime.fromtimestamp(moment, zone)
    return moment - clock.minute * 60 - clock.second


def _per_hour(edges: Integers, starts: Integers, length: int, values: Integers) -> Integers:
    times = np.stack([starts, starts + length], axis=1).ravel()
    totals = np.cumsum(values)
    upto = np.stack([totals - values, totals], axis=1).ravel()
    found: Integers = np.diff(np.rint(np.interp(edges, times, upto)).astype(np.int64))
    return found
