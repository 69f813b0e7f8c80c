"""What a home drew from the grid, hour by hour, in whole Wh."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from offchain.advice.errors import AdviceError

HOUR = timedelta(hours=1)
WH = 1000
"""In a kWh."""


class UsageError(AdviceError):
    """Says in one line why use can't be told."""


class NothingReadError(UsageError):
    """Says in one line that nothing was read."""


@dataclass(frozen=True)
class Period:
    """Days from `start` until before `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise UsageError(f"a period from {self.start} to {self.end} has no day")

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        """A calendar month."""
        return cls(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))

    @property
    def days(self) -> list[date]:
        """All of them."""
        return [self.start + timedelta(days=day) for day in range((self.end - self.start).days)]


@dataclass(frozen=True)
class Usage:
    """`wh[i]` was drawn in the hour that begins `i` hours after `start`, a whole hour with a time zone."""

    start: datetime
    wh: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or (self.start.minute, self.start.second, self.start.microsecond) != (0, 0, 0):
            raise UsageError(f"use begins at a whole hour with a time zone, not at {self.start.isoformat()}")
        if len(self.wh) and int(self.wh.min()) < 0:
            raise UsageError("use is never below 0: what is given to the grid is told apart")

    @property
    def end(self) -> datetime:
        """Where it ends."""
        return self.moment(len(self.wh))

    def moment(self, step: int) -> datetime:
        """When its hour `step` begins, also one before or after it."""
        return later(self.start, step)

    def within(self, period: Period, zone: tzinfo) -> Usage:
        """What of it lies within days of a time zone."""
        bounds = [midnight(day, zone) for day in (period.start, period.end)]
        first, last = (min(max(0, hours_between(self.start, bound)), len(self.wh)) for bound in bounds)
        return Usage(self.moment(first), self.wh[first:last])

    def followed_by(self, other: Usage) -> Usage:
        """With what comes right after it. Raises UsageError if there is a gap or they overlap."""
        if self.end.timestamp() != other.start.timestamp():
            raise UsageError(f"use until {self.end.isoformat()} isn't followed by use from {other.start.isoformat()}")
        return Usage(self.start, np.concatenate([self.wh, other.wh]))

    def by_hour(self, zone: tzinfo) -> NDArray[np.int64]:
        """Sums [24] by the hour of the day that clocks showed."""
        sums = np.zeros(24, np.int64)
        np.add.at(sums, [clock.hour for clock in self.clocks(zone)], self.wh)
        return sums

    def clocks(self, zone: tzinfo) -> list[datetime]:
        """What clocks showed at the beginning of each hour."""
        return [self.moment(step).astimezone(zone) for step in range(len(self.wh))]

    @property
    def total(self) -> int:
        """All of it, in Wh."""
        return int(self.wh.sum())


def later(start: datetime, hours: int) -> datetime:
    """So many hours of time after a moment: clocks may be changed in between."""
    return (start.astimezone(UTC) + hours * HOUR).astimezone(start.tzinfo)


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def hours_between(start: datetime, moment: datetime) -> int:
    """Whole hours from one moment to another; below 0 if that was before."""
    return int((moment.timestamp() - start.timestamp()) // HOUR.total_seconds())
