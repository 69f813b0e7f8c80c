"""A day of a season with real proofs: what mocked proofs gave is what real ones give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offchain.artifacts import compile_contracts
from offchain.simulate.season import proven
from offchain.simulate.season import run as season_run
from offchain.simulate.season.chain import SeasonChainError
from offchain.simulate.season.inputs import Choices, season_of
from offchain.simulate.season.proven import prove, sample
from offchain.simulate.season.season import Season


@pytest.fixture
def hour(monkeypatch: pytest.MonkeyPatch) -> Season:
    """One home that sells and one that buys."""
    compile_contracts()
    monkeypatch.setattr(proven, "FIRST", 10)
    monkeypatch.setattr(proven, "HOURS", 1)
    season = sample(season_of(Choices(homes=10, days=1, seed=2)).season)
    net = (season.made - season.used)[0]
    assert min(net) < 0 < max(net)
    return season


def test_real_proofs_give_what_mocked_ones_gave(hour: Season) -> None:
    """Y14: issue, sale, purchase and settlement by wallets on the real verifiers, to the last wei."""
    told: list[tuple[int, str]] = []
    done = prove(hour, lambda hours, doing: told.append((hours, doing)))
    assert told == [(0, word) for word in ("mocked proofs", "issue", "purchase", "sale", "settle")] + [(1, "4 of 4")]
    assert {kind: len(gas) for kind, gas in done.gas.items()} == {"issue": 1, "sale": 1, "purchase": 1, "settle": 1}
    assert min(min(gas) for gas in done.gas.values()) > 300_000


def test_trades_in_pieces(hour: Season) -> None:
    """Y14: who buys more at once than half of what its meter counts takes several slots, in one block too."""
    homes = [
        replace(home, capacity=min(home.capacity, int(used - made)) if used > made else home.capacity)
        for home, made, used in zip(hour.homes, hour.made[0], hour.used[0], strict=True)
    ]
    done = prove(replace(hour, homes=homes))
    assert len(done.gas["purchase"]) > 1
    assert len(done.gas["issue"]) == len(done.gas["settle"]) == 1


def test_another_amount_is_told(hour: Season, monkeypatch: pytest.MonkeyPatch) -> None:
    """Y14: where a trade brings a base unit less than it did, the comparison ends."""
    run = season_run.run

    def other(*given: Any, **named: Any) -> Any:
        outcome, acts = run(*given, **named), named["acts"]
        acts[:] = [replace(act, got=act.got + 1) if act.kind == "sale" else act for act in acts]
        return outcome

    monkeypatch.setattr(proven, "run", other)
    with pytest.raises(SeasonChainError, match="a sale brings"):
        prove(hour)
