"""What each kind of manipulator can do under each set of protections: the same days with it and without it."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.simulate.season.behaviours import BEHAVIOURS
from offchain.simulate.season.households import Foresight
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.manipulator import ATTACKED, Means, beside
from offchain.simulate.season.metrics import KWH, left, volatility
from offchain.simulate.season.moving import Hold, hold
from offchain.simulate.season.protections import SETS, Protections
from offchain.simulate.season.run import run
from offchain.simulate.season.season import Season

KINDS = ("speculator", "hoarder", "wash-trader", "sandwich")
EACH = ("none", "participation", "limits", "bound", "all")
"""Of the `SETS`: each protection on its own, and all."""
HELD = (("none", 0.25), ("all", 0.25))
"""Under which protections the price is held up, by which share."""
HOURS = 24


@dataclass(frozen=True)
class Trial:
    """What a kind did under a set of protections, beside the same hours without it (`_before`).

    `distortion` is how far the attacked microgrid's hourly average prices were apart, in the mean, as a share;
    `volatility` that of `metrics.volatility`; `profit` the manipulator's, in won, with its energy at the price there
    would have been without it, `edge` what its trades brought more than at each hour's average price without it: the
    rest of the profit it has for waiting; `harm` what all others together paid more, in won; `refused` kWh that a
    protection kept them from trading, in all hours together, `traded` what they traded; `moved` the manipulator's kWh.
    """

    kind: str
    protections: str
    distortion: float
    volatility: float | None
    volatility_before: float | None
    profit: float
    edge: float
    harm: float
    refused: float
    refused_before: float
    traded: float
    traded_before: float
    moved: float

    def to_json(self) -> dict[str, Any]:
        """By the fields' names."""
        return asdict(self)


@dataclass(frozen=True)
class Recorded:
    """A forecast that was asked for before, hour by hour, shape (hours, 24, microgrids)."""

    hours: NDArray[np.float64]

    def __call__(self, hour: int) -> NDArray[np.float64]:
        """What was told before that hour."""
        row: NDArray[np.float64] = self.hours[hour]
        return row


def trials(
    season: Season,
    foresight: Foresight,
    means: Means,
    *,
    kinds: Sequence[str] = KINDS,
    sets: Sequence[str] = EACH,
    held: Sequence[tuple[str, float]] = HELD,
    days: int = 2,
    workers: int = 2,
) -> Iterator[Trial | Hold | None]:
    """Runs a season's first days in so many processes: yields None when each of the `stretches` is over, and then all
    trials, and what it costs to hold the price up, under protections by a share. The same for the same season. Raises
    UserError, SeasonChainError."""
    _check(season, kinds, [*sets, *(name for name, _ in held)], days)
    stretch = first_days(season, days)
    recorded = Recorded(np.stack([foresight(hour) for hour in range(stretch.hours)]))
    wanted = [(kind, name) for kind in kinds for name in sets]
    ledgers: dict[tuple[str | None, Protections], Ledger] = {}
    with side_by_side(workers) as pool:
        first = {
            pool.submit(_run, stretch, recorded, means, None, protections): protections
            for protections in _without(sets, held)
        }
        for done in as_completed(first):
            ledgers[None, first[done]] = done.result()
            yield None
        trying = {
            pool.submit(_run, stretch, recorded, means, kind, SETS[name]): (kind, SETS[name]) for kind, name in wanted
        }
        holding = [
            pool.submit(hold, stretch, recorded, ledgers[None, _others(SETS[name])], rise, name, means)
            for name, rise in held
        ]
        for tried in as_completed(trying):
            ledgers[trying[tried]] = tried.result()
            yield None
        for ended in as_completed(holding):
            ended.result()
            yield None
    for kind, name in wanted:
        ledger, before = ledgers[kind, SETS[name]], ledgers[None, _others(SETS[name])]
        yield _compared(kind, name, stretch, means, ledger, before)
    yield from (done.result() for done in holding)


def stretches(
    kinds: Sequence[str] = KINDS, sets: Sequence[str] = EACH, held: Sequence[tuple[str, float]] = HELD
) -> int:
    """How many are run."""
    return len(_without(sets, held)) + len(kinds) * len(sets) + len(held)


@contextmanager
def side_by_side(workers: int) -> Iterator[ProcessPoolExecutor]:
    """So many processes. If the block is cut off, they end at once, and so do their chains; what they wrote is gone.
    Raises UserError if one of them is killed."""
    with tempfile.TemporaryDirectory(prefix="openmg-trials-") as folder:
        before = active_children()
        pool = ProcessPoolExecutor(workers, initializer=_begin, initargs=(folder,))
        try:
            yield pool
        except BaseException as error:
            for process in active_children():
                if process not in before:
                    process.kill()
            if isinstance(error, BrokenProcessPool):
                raise UserError("a process of the trials was killed: is there memory enough?") from error
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(folder: str) -> None:
    """A process of the trials: it writes here, and its owner ends it."""
    tempfile.tempdir = folder
    signal.signal(signal.SIGINT, lambda *_: None)


def _others(protections: Protections) -> Protections:
    """What others notice of it: they have meters, so participation makes no difference to them."""
    return replace(protections, participation=True)


def _without(sets: Sequence[str], held: Sequence[tuple[str, float]]) -> list[Protections]:
    """Under which the stretch is run without a manipulator."""
    return list(dict.fromkeys(_others(SETS[name]) for name in (*sets, *(name for name, _ in held))))


def _check(season: Season, kinds: Sequence[str], sets: Sequence[str], days: int) -> None:
    for kind in kinds:
        BEHAVIOURS.load(kind)
    unknown = next((name for name in sets if name not in SETS), None)
    if unknown is not None:
        raise UserError(f"there are no protections called {unknown}: take of {', '.join(SETS)}")
    if not 1 <= days <= season.hours // HOURS:
        raise UserError(f"trials take from 1 to {season.hours // HOURS} days of this season, not {days}")


def first_days(season: Season, days: int) -> Season:
    """A season's beginning."""
    hours = days * HOURS
    homes = [
        replace(
            home, car=home.car and replace(home.car, parked=home.car.parked[:hours], driven=home.car.driven[:hours])
        )
        for home in season.homes
    ]
    columns = {name: getattr(season, name)[:hours] for name in ("used", "made", "tariff", "feed_in")}
    return replace(season, homes=homes, **columns)


def _run(season: Season, foresight: Foresight, means: Means, kind: str | None, protections: Protections) -> Ledger:
    with tempfile.TemporaryDirectory(prefix="openmg-trial-") as folder:
        return run(beside(season, kind, means, protections), foresight, Path(folder), protections).ledger


def _compared(kind: str, protections: str, season: Season, means: Means, ledger: Ledger, before: Ledger) -> Trial:
    """With the manipulator, and without it."""
    homes = len(season.homes)
    others, manipulator = slice(None, homes), slice(homes, None)
    price, price_before = (one.average[:, ATTACKED] for one in (ledger, before))
    empty = beside(season, None, means, Protections())
    cost, cost_before = ((one.cost - left(empty, one))[others] for one in (ledger, before))
    held = float(ledger.notes[-1, manipulator].sum()) / KWH * float(before.price[-1, ATTACKED])
    return Trial(
        kind,
        protections,
        distortion=float(np.abs(price / price_before - 1).mean()),
        volatility=volatility(ledger.price[:, ATTACKED]),
        volatility_before=volatility(before.price[:, ATTACKED]),
        profit=held - float(ledger.cost[manipulator].sum()),
        edge=edge(ledger, before, manipulator),
        harm=float((cost - cost_before).sum()),
        refused=float(ledger.refused[:, others].sum()) / KWH,
        refused_before=float(before.refused[:, others].sum()) / KWH,
        traded=_traded(ledger, others),
        traded_before=_traded(before, others),
        moved=_traded(ledger, manipulator),
    )


def edge(ledger: Ledger, before: Ledger, homes: slice) -> float:
    """Won that homes' trades brought more than the same energy at the average prices of `before`, hour by hour."""
    delivered = (ledger.sold - ledger.bought)[:, homes] / KWH
    return float(((ledger.earned - ledger.paid)[:, homes] - delivered * before.average[:, [ATTACKED]]).sum())


def _traded(ledger: Ledger, homes: slice) -> float:
    """KWh that homes sold and bought."""
    return float((ledger.sold[:, homes] + ledger.bought[:, homes]).sum()) / KWH
