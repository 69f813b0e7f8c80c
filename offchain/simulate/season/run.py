"""Runs a season's market day by day, and goes on where it was cut off.

What is saved is a point in time: the chain's state, what is computed beside it and the participants' minds, in one file
that is replaced as a whole. All else follows from the seed, so days that were not saved are run again to the same end.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from offchain import durable_file
from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.extensions import told
from offchain.simulate.season import agreement
from offchain.simulate.season.beginning import SETUP, begun
from offchain.simulate.season.behaviours.added import ParticipantError
from offchain.simulate.season.chain import Effort, SeasonChain, season_chain
from offchain.simulate.season.households import Foresight, Households
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.market import Market
from offchain.simulate.season.outside import Outside
from offchain.simulate.season.protections import Protections
from offchain.simulate.season.season import Season
from offchain.simulate.season.trading import Act, Trading
from offchain.simulate.season.unproven import Unproven

DAY = 24
SAVE_SHARE = 0.1
"""Of the time at the most that goes into saving."""
SAVED = "market.state"
DIGEST = sha256().digest_size

Told = Callable[[int, Effort], None]
"""Is told how many hours are over, and what the chain did until then."""


class ResumeError(UserError):
    """Says in one line why a run can't go on."""


@dataclass(frozen=True)
class Outcome:
    """What came of a season's market, and what it took, also before it was cut off."""

    ledger: Ledger
    effort: Effort


def run(
    season: Season,
    foresight: Foresight,
    folder: Path | None = None,
    protections: Protections | None = None,
    *,
    resume: bool = False,
    told: Told | None = None,
    acts: list[Act] | None = None,
) -> Outcome:
    """Runs the season on a chain of its own. Points in time are saved in the folder, if there is one; with `resume` the
    last one is gone on from, if there is one. What homes do is added to `acts`. Raises ResumeError,
    SeasonChainError."""
    started = time.monotonic()
    protections = protections or Protections()
    point = _Point(folder / SAVED, _fingerprint(season, protections)) if folder else None
    with season_chain(int(season.start.timestamp()) - SETUP) as chain, TemporaryDirectory() as scratch:
        manifest = Manifest.open(chain.web3.eth.chain_id, Path(scratch))
        there = resume and point is not None and point.path.exists()
        hour, market = point.restored(chain, manifest, foresight) if point and there else (0, None)
        if market is None:
            market = begun(season, chain, manifest, foresight, protections)
        market.trading.acts = acts
        before = chain.effort.seconds
        while hour < season.hours:
            market.hour(hour)
            hour += 1
            chain.effort.seconds = before + time.monotonic() - started
            if told:
                told(hour, chain.effort)
            if hour % DAY == 0 or hour == season.hours:
                market.rest(hour)
                agreement.check(market, chain.web3, manifest)
                if point:
                    point.reached(hour, market, manifest)
        chain.weigh()
        return Outcome(market.ledger, chain.effort)


@dataclass
class _Point:
    """The last saved point in time of a run; saving takes at most `SAVE_SHARE` of the time."""

    path: Path
    fingerprint: str
    since: float = 0.0
    took: float = 0.0

    def reached(self, hour: int, market: Market, manifest: Manifest) -> None:
        """An hour is over: saves it, unless the last one was saved a moment ago."""
        began = time.monotonic()
        if self.took and began - self.since < self.took / SAVE_SHARE:
            return
        trading, chain = market.trading, market.chain
        state = {
            "fingerprint": self.fingerprint,
            "hour": hour,
            "contracts": manifest.contracts,
            "households": {name: it for name, it in vars(market.households).items() if name != "foresight"},
            "market": {name: getattr(market, name) for name in PARTS},
            "trading": {name: getattr(trading, name) for name in TRADING},
            "proofs": (trading.unproven.used, trading.unproven.notes, trading.unproven.meters),
            "effort": chain.effort,
            "chain": chain.state(),
        }
        with told("what participants keep in mind can't be saved", ParticipantError):
            content = pickle.dumps(state)
        durable_file.replace(self.path, sha256(content).digest() + content)
        self.since = time.monotonic()
        self.took = self.since - began

    def restored(self, chain: SeasonChain, manifest: Manifest, foresight: Foresight) -> tuple[int, Market]:
        """The hours that were over, and the market then. Raises ResumeError."""
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise ResumeError(f"{self.path} can't be read ({error.strerror}): run without --resume") from error
        if sha256(content[DIGEST:]).digest() != content[:DIGEST]:
            raise ResumeError(f"{self.path} is damaged: run without --resume")
        with told(f"{self.path} is of another version: run without --resume", ResumeError):
            state: dict[str, Any] = pickle.loads(content[DIGEST:])
        if state["fingerprint"] != self.fingerprint:
            raise ResumeError(f"{self.path} is of a run with other input: give the same, or run without --resume")
        manifest.contracts.update(state["contracts"])
        chain.load(state["chain"])
        chain.effort = state["effort"]
        chain.by_hand()
        unproven = Unproven(chain.web3, manifest, chain.operator.address)
        unproven.used, unproven.notes, unproven.meters = state["proofs"]
        names = [microgrid.name for microgrid in state["households"]["season"].microgrids]
        outside = Outside(chain.web3, manifest, names)
        trading = Trading(unproven=unproven, outside=outside, **state["trading"])
        households = Households.__new__(Households)
        vars(households).update(state["households"], foresight=foresight)
        return state["hour"], Market(chain=chain, households=households, trading=trading, **state["market"])


PARTS = ("homes", "lines", "meters", "addresses", "credited", "accumulated")
TRADING = ("exchanges", "tokens", "rules", "protections", "won_per_eth", "moved")
"""What is kept of a market between two hours: all but the connections."""


def _fingerprint(season: Season, protections: Protections) -> str:
    """The same for the same input."""
    digest = sha256(repr((season.start, season.microgrids, season.lines, season.seed, protections)).encode())
    for home in season.homes:
        digest.update(repr((home.name, home.microgrid, home.capacity, home.behaviour, home.battery)).encode())
        if home.car:
            digest.update(home.car.parked.tobytes() + home.car.driven.tobytes())
    for column in (season.used, season.made, season.tariff, season.feed_in):
        digest.update(column.tobytes())
    return digest.hexdigest()
