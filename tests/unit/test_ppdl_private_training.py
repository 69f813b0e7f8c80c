"""Private mode of a training in process: what is in the book, what the chain shows, and when nothing leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from offchain.environment import PROJECT
from offchain.ppdl.aggregation.in_process import DropOuts, SecureAggregation
from offchain.ppdl.aggregation.lanes import Signed, chunk_tree
from offchain.ppdl.aggregation.messages import Update
from offchain.ppdl.gathering import Gathered, Gathering
from offchain.ppdl.learning.federation import Round
from offchain.ppdl.learning.update import apply_sum
from offchain.ppdl.model_chain.chain import ModelChain
from offchain.ppdl.model_chain.evidence import Evidence
from offchain.ppdl.model_chain.task import Task, TaskError
from offchain.ppdl.model_chain.verification import BrokenChain, verify
from offchain.ppdl.plan import Plan, PlanError, Private, volunteers_task
from offchain.ppdl.privacy.accountant import PrivacyError
from offchain.ppdl.privacy.ledger import BudgetSpent, PrivacyLedgerError
from offchain.ppdl.privacy.mode import usual_delta
from offchain.ppdl.trainer import Trainer

PLAN = Plan(homes=12, rounds=3, private=Private(8))
KILLED = """
import os, signal, sys
from pathlib import Path
from offchain.ppdl.plan import Plan, PlanError, Private
from offchain.ppdl.trainer import Trainer
Trainer._append = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
list(Trainer(Path(sys.argv[1]), Plan(homes=12, rounds=3, private=Private(8))).rounds())
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All three rounds of ten homes; not to be changed."""
    folder = tmp_path_factory.mktemp("private") / "chain"
    assert len(list(Trainer(folder, PLAN).rounds())) == 3
    return folder


def hourly(path: Path, homes: int = 12, hours: int = 1400) -> Path:
    """A CSV file of readings that differ from home to home."""
    rows = [",".join(["reading_datetime", *(f"home {number}" for number in range(homes))])]
    for hour in range(hours):
        values = (f"{(hour * (number % 5 + 1) + number) % 7 / 7 + 0.1:.3f}" for number in range(homes))
        rows.append(f"2025-{1 + hour // 672:02}-{1 + hour // 24 % 28:02} {hour % 24:02}:00," + ",".join(values))
    path.write_text("\n".join(rows))
    return path


def test_a_private_training_is_a_right_chain(trained: Path) -> None:
    """P7, P8: what it agrees on is in the task, it uses up its budget and no more, and no loss is told."""
    chain = ModelChain(trained)
    assert len(list(verify(chain))) == 4
    again = Task.from_bytes(chain.task.to_bytes())
    assert again.private == chain.task.private
    assert chain.task.private is not None
    assert (chain.task.private.epsilon, chain.task.private.delta) == (8, 0.01)
    trainer = Trainer(trained, PLAN)
    assert trainer.ledger is not None
    assert 7.9 < trainer.ledger.spent() <= 8
    assert list(trainer.rounds()) == []
    for number in (1, 2, 3):
        evidence = chain.evidence(chain.block(number))
        assert evidence.sums(chain.blobs, 642)[0].total[-1] == 0


def test_noise_is_never_the_same(trained: Path, tmp_path: Path) -> None:
    """P8: noise that a seed gives could be taken off by whoever knows the seed."""
    here = Trainer(tmp_path / "chain", PLAN)
    first = next(here.rounds()).state
    assert not np.array_equal(first, ModelChain(trained).state(ModelChain(trained).block(1)))


def test_a_round_that_was_killed_counts(tmp_path: Path) -> None:
    """P6, P8: its noise was drawn and may have left; so the last round is one too many, and its updates stay."""
    folder = tmp_path / "chain"
    command = [sys.executable, "-c", KILLED, str(folder)]
    assert subprocess.run(command, cwd=PROJECT, check=False).returncode == -signal.SIGKILL
    assert ModelChain(folder).height == 0
    rounds = Trainer(folder, PLAN).rounds()
    assert [next(rounds).number, next(rounds).number] == [1, 2]
    for trainer in (rounds, Trainer(folder, PLAN).rounds()):
        with pytest.raises(BudgetSpent, match=r"^round 3 would bring the privacy spent from .* its update stays here$"):
            next(trainer)
    assert len(list(verify(ModelChain(folder)))) == 3


def test_readings_have_one_budget_for_all_trainings(tmp_path: Path) -> None:
    """P8, P9: another chain, or another budget, is refused before anything is begun."""
    plan = Plan(str(hourly(tmp_path / "homes.csv")), rounds=1, private=Private(8))
    list(Trainer(tmp_path / "first", plan).rounds())
    with pytest.raises(BudgetSpent, match="round 1 would bring"):
        Trainer(tmp_path / "second", plan)
    with pytest.raises(PrivacyLedgerError, match="keeps a budget of epsilon 8"):
        Trainer(tmp_path / "second", Plan(plan.source, rounds=1, private=Private(9)))
    assert not (tmp_path / "second").exists()
    assert len(list(Trainer(tmp_path / "second", Plan(plan.source, rounds=1)).rounds())) == 1


def test_nothing_is_revealed_if_too_few_are_alive() -> None:
    """P8: four of ten fall out after their upload was due; their noise is missing, so the sum stays masked."""
    mode = PLAN.task(PLAN.cohort()).mode
    assert mode is not None
    plan = mode.sum_of(1, 12, 31)
    updates = np.zeros((12, 32), np.int32)
    asked: list[int] = []

    def check(alive: int) -> None:
        asked.append(alive)
        plan.check_alive(alive)

    aggregation = SecureAggregation(DropOuts(seeds=frozenset(range(4))), check_alive=check)
    with pytest.raises(PrivacyError, match="only 8 of 12 are alive"):
        aggregation.run(1, updates)
    assert asked == [8]
    assert "reveal" not in aggregation.costs.seconds
    enough = SecureAggregation(DropOuts(seeds=frozenset(range(3))), check_alive=check).run(1, updates)
    assert enough.sum.clients == 9


def test_each_update_is_shortened_and_has_noise(tmp_path: Path) -> None:
    """P8: an update of any size moves the sum by no more than the length that was agreed on."""
    trainer = Trainer(tmp_path / "chain", PLAN)
    with pytest.raises(PrivacyError, match="without a book"):
        Gathering(trainer.task, trainer.chain.domain, trainer._accounts)
    gathering = Gathering(trainer.task, trainer.chain.domain, trainer._accounts, trainer.ledger)
    huge = np.full((10, 642), 1 << 20, np.int32)
    mode = trainer.task.mode
    assert mode is not None
    plan = mode.sum_of(1, 10, 641)
    moved = gathering(1, huge, bytes(32)).sum.total[:-1].astype(np.float64)
    noise = plan.deviation * np.sqrt(10)
    assert abs(moved.mean() - 10 * plan.bound / np.sqrt(641)) < 5 * noise / np.sqrt(641)
    assert 0.8 < moved.std() / noise < 1.2


def appended(trainer: Trainer, updates: Signed, drop_outs: DropOuts) -> None:
    """A block of a round in which nobody cared for private mode."""
    addresses = [to_canonical_address(account.address) for account in trainer._accounts]
    finished = SecureAggregation(drop_outs, addresses).run(1, updates)
    roots = {index: chunk_tree(finished.uploads[index]).root for index in finished.alive.indices}
    domain = trainer.chain.domain
    signed = {index: domain.sign(Update(1, root), trainer._accounts[index]) for index, root in roots.items()}
    evidence = Evidence.of(finished.transcript, finished.alive, roots, signed, finished.masks)
    before = trainer.chain.block(0)
    old = trainer.chain.state(before)
    new = apply_sum(old, *finished.sum)
    losses = trainer.task.loss(old), trainer.task.loss(new)
    done = Round(1, new, finished.sum.clients, 0.0, *losses, True)
    trainer._append(before, done, Gathered(finished.sum, evidence, tuple(finished.uploads.values())))


@pytest.mark.parametrize(
    ("gone", "loss", "why"),
    [
        (3, 0, None),
        (4, 0, "block 1: only 8 of 12 are alive: with the noise of fewer than 9"),
        (0, 5, "block 1: it tells a loss"),
    ],
)
def test_verification_finds_what_private_mode_forbids(tmp_path: Path, gone: int, loss: int, why: str | None) -> None:
    """P8: a sum with the noise of fewer than agreed on, and losses."""
    trainer = Trainer(tmp_path / "chain", Plan(homes=14, rounds=1, private=Private(8)))
    updates = np.zeros((12, 642), np.int32)
    updates[:, -1] = loss
    appended(trainer, updates, DropOuts(seeds=frozenset(range(gone))))
    if why is None:
        assert len(list(verify(trainer.chain))) == 2
    else:
        with pytest.raises(BrokenChain, match=f"^{why}"):
            list(verify(trainer.chain))


@pytest.mark.parametrize(("participants", "delta"), [(8, 1e-2), (42, 1e-3), (1_008, 1e-5)])
def test_delta_is_below_one_in_the_number_of_homes(participants: int, delta: float) -> None:
    """P8"""
    assert usual_delta(participants) == pytest.approx(delta)
    assert delta < 1 / participants


@pytest.mark.parametrize(
    ("private", "why"),
    [
        (Private(0), "epsilon 0 can't be kept"),
        (Private(8, 2), "isn't a probability"),
        (Private(8, 1e-3, 0), "updates can't be shortened to 0"),
        (Private(1e-9, 1e-9), "no noise keeps 20 rounds"),
        (Private(0.1, 1e-6, 64), "doesn't fit into 32 bits"),
    ],
)
def test_budgets_that_cannot_be_kept_are_refused(tmp_path: Path, private: Private, why: str) -> None:
    """P9: and nothing is begun."""
    with pytest.raises(PrivacyError, match=why):
        Trainer(tmp_path / "chain", Plan(homes=10, private=private))
    assert list(tmp_path.iterdir()) == []


def test_every_group_must_have_its_noise(tmp_path: Path) -> None:
    """P8, P9: noise that 24 homes can have together, but not 8 of them, is refused before anything is begun."""
    plan = Plan(homes=26, rounds=1, layers=(30, 1), private=Private(1, 1e-3, 46.4))
    Trainer(tmp_path / "together", plan)
    with pytest.raises(PrivacyError, match=r"the sum of 8 updates .* doesn't fit into 32 bits"):
        Trainer(tmp_path / "groups", msgspec.structs.replace(plan, robust="groups"))
    assert not (tmp_path / "groups").exists()


def test_open_updates_are_not_private() -> None:
    """P8, P9"""
    plan = Plan(homes=10, private=Private(8), robust="median")
    with pytest.raises(TaskError, match="where single updates are seen there is no private mode"):
        plan.task(plan.cohort())


def test_a_task_for_the_chain_names_its_delta() -> None:
    """P8, P9: nobody knows yet how many will take part; the fewest that can must have their noise."""
    with pytest.raises(PlanError, match="give delta too"):
        volunteers_task(None, None, "next_hour", 4, 0, Private(8))
    with pytest.raises(PrivacyError, match=r"the sum of 8 updates .* doesn't fit into 32 bits"):
        volunteers_task(None, None, "next_hour", 4, 0, Private(0.1, 1e-6, 64))
    task = volunteers_task(None, None, "next_hour", 4, 0, Private(8, 1e-3))
    assert task.private is not None
    assert task.hash != volunteers_task(None, None, "next_hour", 4, 0).hash
    assert keccak(task.to_bytes()) == task.hash
