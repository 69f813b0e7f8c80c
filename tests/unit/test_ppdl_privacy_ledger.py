"""No round goes past the budget, whatever happens to the process."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from offchain.environment import PROJECT
from offchain.ppdl.privacy.accountant import Budget, Cost, calibrated, epsilon
from offchain.ppdl.privacy.ledger import BudgetSpent, PrivacyLedger, PrivacyLedgerError, RoundSpent

BUDGET = Budget(8, 1e-5)
MODEL, OTHER = b"\1" * 32, b"\2" * 32
SPENDER = """
import sys
from pathlib import Path
from offchain.ppdl.privacy.accountant import Budget, Cost
from offchain.ppdl.privacy.ledger import PrivacyLedger
ledger = PrivacyLedger(Path(sys.argv[1]), Budget(8, 1e-5))
for number in range(10_000):
    ledger.spend(b"model", number, Cost(100.0), b"digest")
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "privacy.db"


def test_rounds_up_to_the_budget(path: Path) -> None:
    """P8 exactly the planned rounds fit, over all models together; the next one is refused in one line and costs
    nothing."""
    cost = calibrated(BUDGET, 20)
    ledger = PrivacyLedger(path, BUDGET)
    for number in range(20):
        assert ledger.left(cost) == 20 - number
        ledger.spend(MODEL if number % 2 else OTHER, number, cost, bytes([number]))
    assert ledger.spent() == epsilon([cost] * 20, BUDGET.delta)
    with pytest.raises(BudgetSpent) as caught:
        ledger.spend(MODEL, 20, cost, b"late")
    assert "\n" not in str(caught.value)
    assert "over the budget of 8 (delta 1e-05): its update stays here" in str(caught.value)
    assert (ledger.left(cost), ledger.spent()) == (0, epsilon([cost] * 20, BUDGET.delta))
    ledger.spend(MODEL, 19, cost, bytes([19]))  # the same update may go out again
    assert ledger.spent() == epsilon([cost] * 20, BUDGET.delta)


def test_one_update_a_round(path: Path) -> None:
    """P8 a second update of a round, with other noise, would tell more: it is refused, also by another process."""
    PrivacyLedger(path, BUDGET).spend(MODEL, 5, Cost(10), b"first")
    again = PrivacyLedger(path, BUDGET)
    with pytest.raises(RoundSpent, match="round 5: another update"):
        again.spend(MODEL, 5, Cost(10), b"second")
    again.spend(OTHER, 5, Cost(10), b"second")
    assert again.spent() == epsilon([Cost(10)] * 2, BUDGET.delta)
    assert again.left(Cost(1e6)) > 10**12


def test_killed_at_any_moment(path: Path) -> None:
    """P8 kill -9: whatever round was told to be written is there, and at most one more."""
    spender = subprocess.Popen(
        [sys.executable, "-c", SPENDER, str(path)], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    assert spender.stdout
    for _ in range(25):
        last = int(spender.stdout.readline())
    os.kill(spender.pid, signal.SIGKILL)
    told = [last, *map(int, spender.stdout.read().split())]
    assert spender.wait() == -signal.SIGKILL
    spender.stdout.close()
    rounds = [row[0] for row in sqlite3.connect(path).execute("SELECT round FROM spent ORDER BY round")]
    assert rounds in (list(range(told[-1] + 1)), list(range(told[-1] + 2)))
    ledger = PrivacyLedger(path, BUDGET)
    assert ledger.spent() == epsilon([Cost(100)] * len(rounds), BUDGET.delta)
    ledger.spend(MODEL, len(rounds), Cost(100), b"goes on")


def test_owner_alone_reads_it(path: Path) -> None:
    """P8 what a participant took part in is nobody else's business."""
    PrivacyLedger(path, BUDGET).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_budget_is_kept(path: Path) -> None:
    """P8 opening the book with a larger budget doesn't enlarge it."""
    PrivacyLedger(path, BUDGET).close()
    with pytest.raises(PrivacyLedgerError, match="keeps a budget of epsilon 8 and delta 1e-05: use that one"):
        PrivacyLedger(path, Budget(80, 1e-5))
    PrivacyLedger(path, BUDGET).close()


@pytest.mark.parametrize("content", [b"no database, but long enough to look like a file of some kind" * 20, None])
def test_unusable_files(tmp_path: Path, content: bytes | None) -> None:
    """P9 a damaged file, or a folder in its place, is one clear line."""
    path = tmp_path / "privacy.db"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(PrivacyLedgerError, match="can't be used") as caught:
        PrivacyLedger(path, BUDGET)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["'nonsense'", "-1", "0"])
def test_damaged_entries(path: Path, value: str) -> None:
    """P9 an entry that can't be is never taken for one that cost nothing."""
    ledger = PrivacyLedger(path, BUDGET)
    ledger.spend(MODEL, 1, Cost(10), b"")
    sqlite3.connect(path, isolation_level=None).execute(f"UPDATE spent SET multiplier = {value}")
    with pytest.raises(PrivacyLedgerError, match="damaged"):
        ledger.spend(MODEL, 2, Cost(10), b"")
    with pytest.raises(PrivacyLedgerError, match="can't be used"):
        PrivacyLedger(path, BUDGET).spend(MODEL, 2**70, Cost(10), b"")
