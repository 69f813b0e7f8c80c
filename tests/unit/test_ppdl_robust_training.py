"""Robust rules of a training in process: what the chain keeps of a round, and that it can be computed again."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from offchain.ppdl import gathering
from offchain.ppdl.aggregation.lanes import Signed, to_chunks
from offchain.ppdl.gathering import Gathering
from offchain.ppdl.model_chain.chain import ModelChain
from offchain.ppdl.model_chain.evidence import EvidenceError
from offchain.ppdl.model_chain.robust_evidence import AnyEvidence, GroupEvidence, OpenEvidence, evidence_of
from offchain.ppdl.model_chain.verification import BrokenChain, verify
from offchain.ppdl.network.training import HomeTraining, TrainingError
from offchain.ppdl.plan import Plan, PlanError, Private
from offchain.ppdl.privacy.mechanism import PrivateSum
from offchain.ppdl.robust.grouping import drawn, median_of_sums
from offchain.ppdl.robust.rules import RobustError, median
from offchain.ppdl.trainer import Trainer

GROUPS = Plan(homes=26, rounds=2, robust="groups")
OPEN = Plan(homes=12, rounds=2, robust="median")
PLANS = {"groups": GROUPS, "open": OPEN}
Change = Callable[[Any], AnyEvidence]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A chain of each kind; not to be changed."""
    folder = tmp_path_factory.mktemp("robust")
    for name, plan in PLANS.items():
        assert len(list(Trainer(folder / name, plan).rounds())) == 2
    return {name: folder / name for name in PLANS}


def copy_of(folder: Path, to: Path) -> ModelChain:
    shutil.copytree(folder, to)
    return ModelChain(to)


def changed(chain: ModelChain, change: Change) -> None:
    """Puts changed evidence under block 1."""
    block = chain.block(1)
    name = chain.blobs.put(change(chain.any_evidence(block)).to_bytes())
    (chain.folder / "blocks" / "000001.json").write_bytes(dataclasses.replace(block, evidence=name).to_json())


@pytest.mark.parametrize("name", PLANS)
def test_a_robust_training_is_a_right_chain(trained: dict[str, Path], name: str) -> None:
    """P7: everything in it is computed again, from signed updates on; evidence is read as it was written."""
    chain = ModelChain(trained[name])
    assert len(list(verify(chain))) == 3
    for number in (1, 2):
        evidence = chain.any_evidence(chain.block(number))
        assert evidence_of(evidence.to_bytes()) == evidence


def test_groups_are_drawn_anew_and_each_sums_in_secret(trained: dict[str, Path]) -> None:
    """P8: nobody sees less than the sum of eight, and nobody chooses its group."""
    chain = ModelChain(trained["groups"])
    found = []
    for number in (1, 2):
        evidence = chain.any_evidence(chain.block(number))
        assert isinstance(evidence, GroupEvidence)
        assert [len(group.alive) for group in evidence.groups] == [8, 8, 8]
        found.append([{keys.participant for keys in group.keys} for group in evidence.groups])
        uploads = np.stack([chain.blobs.chunks(root) for group in evidence.groups for root in group.update_roots])
        assert np.abs(uploads.view(np.int32).astype(np.int64)).mean() > 2**28  # masks all over the lanes
    assert found[0] != found[1]


def other(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def swap_groups(evidence: GroupEvidence) -> AnyEvidence:
    return GroupEvidence((evidence.groups[1], evidence.groups[0], evidence.groups[2]))


def repeat_group(evidence: GroupEvidence) -> AnyEvidence:
    return GroupEvidence((evidence.groups[0], evidence.groups[0], evidence.groups[2]))


def drop_group(evidence: GroupEvidence) -> AnyEvidence:
    return GroupEvidence(evidence.groups[:2])


def only_group(evidence: GroupEvidence) -> AnyEvidence:
    return evidence.groups[0]


def false_mask(evidence: GroupEvidence) -> AnyEvidence:
    first = evidence.groups[0]
    sign, seed = next(mask for mask in first.masks if mask)
    return GroupEvidence(
        (dataclasses.replace(first, masks=((sign, other(seed)), *first.masks[1:])), *evidence.groups[1:])
    )


def other_rule(evidence: OpenEvidence) -> AnyEvidence:
    return dataclasses.replace(evidence, rule="trimmed_mean")


def other_signature(evidence: OpenEvidence) -> AnyEvidence:
    return dataclasses.replace(evidence, signatures=(evidence.signatures[1], *evidence.signatures[1:]))


def somebody_twice(evidence: OpenEvidence) -> AnyEvidence:
    return dataclasses.replace(evidence, participants=(evidence.participants[1], *evidence.participants[1:]))


def one_fewer(evidence: OpenEvidence) -> AnyEvidence:
    parts = (evidence.participants[1:], evidence.update_roots[1:], evidence.signatures[1:])
    return OpenEvidence(evidence.round, evidence.rule, *parts)


def short_root(evidence: OpenEvidence) -> AnyEvidence:
    return dataclasses.replace(evidence, update_roots=(b"\1", *evidence.update_roots[1:]))


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("groups", swap_groups, "its groups are not those that the header before draws"),
        ("groups", repeat_group, "a participant is in two groups"),
        ("groups", drop_group, "16 participants can't be put into 3 groups"),
        ("groups", only_group, "its updates were summed, not combined by groups"),
        ("groups", false_mask, "mask 0 is not the one that participant 0 committed"),
        ("open", other_rule, "its updates are open, combined by trimmed_mean"),
        ("open", other_signature, "the update of participant 0x.* is signed by somebody else"),
        ("open", somebody_twice, "it has 10 updates: it takes 8, one of each"),
        ("open", one_fewer, "its participants are others"),
        ("open", short_root, "there is not one signed update for each"),
    ],
)
def test_false_evidence_is_found(trained: dict[str, Path], tmp_path: Path, name: str, change: Change, why: str) -> None:
    """P7"""
    chain = copy_of(trained[name], tmp_path / "copy")
    changed(chain, change)
    with pytest.raises(BrokenChain, match=f"^block 1: {why}"):
        list(verify(chain))


@pytest.mark.parametrize("name", PLANS)
def test_evidence_of_another_kind_than_the_task_says_is_found(
    trained: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """P7: a round of a robust task can't pass as a plain sum, nor the other way round."""
    chain = copy_of(trained[name], tmp_path / "copy")
    other_chain = ModelChain(trained["open" if name == "groups" else "groups"])
    strange = other_chain.any_evidence(other_chain.block(1))
    changed(chain, lambda _: strange)
    with pytest.raises(BrokenChain, match=r"^block 1: its updates (are open|were summed in groups)"):
        list(verify(chain))


CUT_OFF = [b"\x92\xa6groups\xc4\x00", b"\x91\xa6groups", b"\x91\xa4open"]


@given(st.binary(max_size=80) | st.sampled_from(CUT_OFF))
def test_bytes_that_are_no_evidence_are_refused(content: bytes) -> None:
    """P9"""
    with pytest.raises(EvidenceError, match="it is no evidence of a round"):
        evidence_of(content)


def test_the_chain_moves_by_what_the_rules_say(tmp_path: Path) -> None:
    """P7: an attacker that gives a million times as much moves it no further than the others."""
    updates = np.random.default_rng(0).integers(-1000, 1000, (24, 642)).astype(np.int32)
    updates[0] = 1 << 20
    for name, plan in (("groups", GROUPS), ("open", Plan(homes=26, robust="median"))):
        trainer = Trainer(tmp_path / name, plan)
        gathered = Gathering(trainer.task, trainer.chain.domain, trainer._accounts)(1, updates, keccak(b"seed"))
        assert np.abs(gathered.sum.total).max() <= 1000
        for upload in gathered.uploads:
            trainer.chain.blobs.put_chunks(upload)
        sums = gathered.evidence.sums(trainer.chain.blobs, 642)
        assert np.array_equal(gathered.evidence.combined(sums).total, gathered.sum.total)
    assert np.array_equal(gathered.sum.total, median(updates.astype(np.int64)))
    assert np.array_equal(gathered.uploads[3], to_chunks(updates[3]))


def test_private_groups_have_noise_each(tmp_path: Path) -> None:
    """P8: the noise of a group is sized for the group, and the chain is right."""
    plan = msgspec.structs.replace(GROUPS, private=Private(8), rounds=1)
    trainer = Trainer(tmp_path / "chain", plan)
    list(trainer.rounds())
    assert len(list(verify(trainer.chain))) == 2
    evidence, mode = trainer.chain.any_evidence(trainer.chain.block(1)), trainer.task.mode
    assert isinstance(evidence, GroupEvidence)
    assert mode is not None
    for group in evidence.groups:
        total = group.sums(trainer.chain.blobs, 642)[0].total
        noise = mode.sum_of(1, 8, 641).deviation * np.sqrt(8)
        assert 0.7 < total[:-1].std() / noise < 1.3
        assert total[-1] == 0


@pytest.mark.parametrize("group", [0, 1, 2])
def test_a_loss_told_in_one_group_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: int) -> None:
    """P8: though the median of what the groups tell is 0."""
    honest = gathering._noisy

    def telling(updates: Signed, groups: list[list[int]], sums: list[PrivateSum]) -> Signed:
        sent = honest(updates, groups, sums)
        sent[groups[group][0], -1] = 5
        return sent

    monkeypatch.setattr(gathering, "_noisy", telling)
    trainer = Trainer(tmp_path / "chain", msgspec.structs.replace(GROUPS, private=Private(8), rounds=1))
    (done,) = trainer.rounds()
    assert done.training_loss == 0
    with pytest.raises(BrokenChain, match=r"^block 1: it tells a loss, which private mode doesn't$"):
        list(verify(trainer.chain))


def test_groups_that_a_seed_draws() -> None:
    """P7: everybody in one group, sizes one apart at most, another seed other groups; too few make no median."""
    homes = [bytes([number]) * 20 for number in range(30)]
    groups = drawn(homes, b"one")
    assert sorted(home for group in groups for home in group) == homes
    assert [len(group) for group in groups] == [10, 10, 10]
    assert groups == drawn(homes[::-1], b"one")
    assert groups != drawn(homes, b"two")
    with pytest.raises(RobustError, match="23 participants can't be put into 3 groups of 8"):
        drawn(homes[:23], b"one")
    sums = np.array([[80], [8], [-800_000]])
    assert median_of_sums(sums, [8, 8, 8]).tolist() == [1]


@pytest.mark.parametrize(("homes", "robust", "why"), [(25, "groups", "23 homes beside 2 volunteers are too few for 3")])
def test_too_few_for_groups_are_named(homes: int, robust: Any, why: str) -> None:
    """P9"""
    with pytest.raises(PlanError, match=why):
        Plan(homes=homes, robust=robust).cohort()


@pytest.mark.parametrize("robust", ["groups", "median", "trimmed_mean", "multi_krum"])
def test_a_home_refuses_a_robust_task_over_the_chain(robust: Any) -> None:
    """P8, P9: in one line; above all it never shows an update that the task wants open."""
    plan = msgspec.structs.replace(GROUPS, robust=robust)
    cohort = plan.cohort()
    with pytest.raises(TrainingError) as caught:
        HomeTraining(plan.task(cohort), cohort.readings_of(cohort.members[0]), cohort.training_hours)
    assert str(caught.value) == (
        f"the registry checks one secure sum a round: a task that combines updates by {robust} works in one process"
        " only (openmg ppdl train)"
    )
