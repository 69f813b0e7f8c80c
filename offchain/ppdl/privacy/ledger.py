"""A participant's own book of the privacy its rounds have cost: no round goes past the budget.

One SQLite file. A round is on the disk before its update may leave, so a crash at any moment can waste a round's cost
but never hide it. The budget is that of the participant's readings: keep one book for all models they train.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from offchain.errors import UserError
from offchain.ppdl.privacy.accountant import Budget, Cost, composed, epsilon

BUSY_SECONDS = 30
SCHEMA = """
CREATE TABLE IF NOT EXISTS budget (one INTEGER PRIMARY KEY CHECK (one = 1), epsilon REAL, delta REAL);
CREATE TABLE IF NOT EXISTS spent (
    model BLOB NOT NULL, round INTEGER NOT NULL, multiplier REAL NOT NULL, rate REAL NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (model, round)
);
"""


class PrivacyLedgerError(UserError):
    """Says in one line why the book can't be used."""


class BudgetSpent(UserError):
    """Says that a round would cost more than is left, and that its update must stay."""


class RoundSpent(UserError):
    """Says that another update of the round has been given away."""


class PrivacyLedger:
    """The book in a file, made if there is none, with the budget it was made with. Several processes may use it.

    Raises PrivacyLedgerError if it can't be used or keeps another budget.
    """

    def __init__(self, path: Path, budget: Budget) -> None:
        self.path, self.budget = path, budget
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._base = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._run("PRAGMA synchronous = EXTRA")  # also the folder, after each commit
            with self._alone():
                for statement in SCHEMA.split(";"):
                    self._run(statement)
                self._keep_budget()
        except UserError:
            self.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    def spent(self) -> float:
        """Epsilon of all rounds so far, at the budget's delta."""
        return epsilon(self._costs(), self.budget.delta)

    def left(self, cost: Cost) -> int:
        """How many more rounds of a cost fit in."""
        spent, fitting, beyond = Counter(self._costs()), 0, 1
        while self._fits(spent + Counter({cost: beyond})):
            fitting, beyond = beyond, 2 * beyond
        while beyond - fitting > 1:
            middle = (fitting + beyond) // 2
            fitting, beyond = (middle, beyond) if self._fits(spent + Counter({cost: middle})) else (fitting, middle)
        return fitting

    def next_round(self, model: bytes) -> int:
        """The number after all rounds of a model in the book."""
        ((last,),) = self._run("SELECT max(round) FROM spent WHERE model = ?", model)
        return 1 if last is None else int(last) + 1

    def has(self, model: bytes, number: int) -> bool:
        """Whether an update of a round was written down."""
        return bool(self._run("SELECT 1 FROM spent WHERE model = ? AND round = ?", model, number))

    def check(self, number: int, cost: Cost) -> None:
        """Raises BudgetSpent if a round would cost more than is left."""
        after = epsilon([*self._costs(), cost], self.budget.delta)
        if after > self.budget.epsilon:
            raise BudgetSpent(
                f"round {number} would bring the privacy spent from {self.spent():.3f} to {after:.3f}, over the"
                f" budget of {self.budget.epsilon:g} (delta {self.budget.delta:g}): its update stays here"
            )

    def check_untold(self, model: bytes, number: int) -> None:
        """Raises RoundSpent if an update of a round was written down."""
        if self.has(model, number):
            raise RoundSpent(
                f"round {number}: another update of it was given away already, and a second one would tell more:"
                " sit the round out"
            )

    def spend(self, model: bytes, number: int, cost: Cost, digest: bytes) -> None:
        """Writes down a round before its update leaves; `digest` is the update's, noise included. When this returns,
        that update may be sent, also again. Raises BudgetSpent if it would cost too much and RoundSpent if another
        update of the round was written down; nothing is written then."""
        with self._alone():
            query = "SELECT digest FROM spent WHERE model = ? AND round = ?"
            if self._run(query, model, number) == [(digest,)]:
                return
            self.check_untold(model, number)
            self.check(number, cost)
            row = (model, number, cost.multiplier, cost.rate, digest)
            self._run("INSERT INTO spent VALUES (?, ?, ?, ?, ?)", *row)

    def _costs(self) -> list[Cost]:
        try:
            return [Cost(*row) for row in self._run("SELECT multiplier, rate FROM spent")]
        except (UserError, TypeError) as error:
            raise PrivacyLedgerError(f"{self.path} is damaged ({error}): send no update") from error

    def _fits(self, counts: Counter[Cost]) -> bool:
        return composed(counts, self.budget.delta) <= self.budget.epsilon

    def _keep_budget(self) -> None:
        self._run("INSERT OR IGNORE INTO budget VALUES (1, ?, ?)", self.budget.epsilon, self.budget.delta)
        ((kept, delta),) = self._run("SELECT epsilon, delta FROM budget")
        if (kept, delta) != (self.budget.epsilon, self.budget.delta):
            raise PrivacyLedgerError(
                f"{self.path} keeps a budget of epsilon {kept:g} and delta {delta:g}: use that one"
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """All or nothing, and nobody else in between."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise

    def _run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            with closing(self._base.execute(statement, values)) as cursor:
                return cursor.fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> PrivacyLedgerError:
        return PrivacyLedgerError(f"{self.path} can't be used: {error}")
