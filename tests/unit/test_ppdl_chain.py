"""The model chain of a training in process: whole, resumable, and broken where somebody touched it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_utils.crypto import keccak

from offchain.ppdl.evaluation import Evaluation
from offchain.ppdl.model_chain.block import Block
from offchain.ppdl.model_chain.chain import ChainError, ModelChain
from offchain.ppdl.model_chain.evidence import Evidence
from offchain.ppdl.model_chain.verification import BrokenChain, verify
from offchain.ppdl.plan import Plan, PlanError
from offchain.ppdl.trainer import Trainer, development_account

PLAN = Plan(homes=10, rounds=3)
HEIGHT = 3


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain of three rounds of eight homes; not to be changed."""
    folder = tmp_path_factory.mktemp("model") / "chain"
    assert len(list(Trainer(folder, PLAN).rounds())) == HEIGHT
    return folder


@pytest.fixture
def models(trained: Path, tmp_path: Path) -> ModelChain:
    """A copy of it."""
    shutil.copytree(trained, tmp_path / "copy")
    return ModelChain(tmp_path / "copy")


def path_of(models: ModelChain, number: int) -> Path:
    return models.folder / "blocks" / f"{number:06}.json"


def replace(models: ModelChain, block_number: int, /, **changes: Any) -> None:
    """Writes a block anew, with other fields of its header."""
    block = models.block(block_number)
    header = dataclasses.replace(block.header, **changes)
    path_of(models, block_number).write_bytes(dataclasses.replace(block, header=header).to_json())


def sign_again(models: ModelChain, number: int) -> None:
    """As a committee that signs whatever it is shown."""
    block = models.block(number)
    seats = models.evidence(block).committee()
    homes = [development_account(PLAN.seed, home) for home in PLAN.cohort().members]
    by_address = {bytes.fromhex(home.address[2:]): home for home in homes}
    signatures = {seat: models.domain.sign(block.header, by_address[seats[seat]]) for seat in range(5)}
    path_of(models, number).write_bytes(dataclasses.replace(block, signatures=signatures).to_json())


def other_evidence(models: ModelChain, number: int, change: Callable[[Evidence], Evidence]) -> None:
    """Puts changed evidence under a block."""
    block = models.block(number)
    content = change(models.evidence(block)).to_bytes()
    models.blobs.put(content)
    path_of(models, number).write_bytes(dataclasses.replace(block, evidence=keccak(content)).to_json())


def flipped(content: bytes, at: int = 0) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_all_blocks_of_a_training_are_right(models: ModelChain) -> None:
    """P7: each header extends the one before, and everything in it can be computed again."""
    blocks = list(verify(models))
    assert [block.header.number for block in blocks] == list(range(HEIGHT + 1))
    assert blocks[-1].header.loss_after < blocks[1].header.loss_before
    assert all(len(block.signatures) == 5 for block in blocks[1:])


def test_the_same_seed_gives_the_same_model_and_another_seed_another(trained: Path, tmp_path: Path) -> None:
    models = ModelChain(trained)
    again = Trainer(tmp_path / "again", PLAN)
    states = [done.state for done in again.rounds()]
    for number, state in enumerate(states, start=1):
        assert np.array_equal(state, models.state(models.block(number)))
    other = Trainer(tmp_path / "other", Plan(homes=10, rounds=1, seed=1))
    assert not np.array_equal(next(other.rounds()).state, states[0])


def test_a_training_goes_on_where_it_was_killed(trained: Path, models: ModelChain) -> None:
    """P6: what was on the disk counts, the half of a block that was not finished doesn't."""
    path_of(models, 3).unlink()
    (models.folder / "blocks" / ".half").write_bytes(b"{")
    (done,) = Trainer(models.folder, PLAN).rounds()
    assert np.array_equal(done.state, ModelChain(trained).state(ModelChain(trained).block(3)))
    assert len(list(verify(models))) == HEIGHT + 1
    assert list(Trainer(models.folder, PLAN).rounds()) == []


def test_a_folder_is_for_one_training(models: ModelChain, tmp_path: Path) -> None:
    """P9"""
    with pytest.raises(ChainError, match="holds the chain of another training"):
        Trainer(models.folder, Plan(homes=10, rounds=4))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ChainError, match="there is no model chain"):
        Trainer(tmp_path / "mine", PLAN)
    with pytest.raises(ChainError, match="holds a model chain already"):
        ModelChain.begin(models.folder, models.about, models.block(0), models.state(models.block(0)), models.task)
    with pytest.raises(ChainError, match="doesn't follow"):
        models.append(models.block(1), models.state(models.block(1)), {}, None)


def test_a_chain_goes_on_with_the_readings_that_it_began_with(models: ModelChain, tmp_path: Path) -> None:
    """P7, P9: neither with other ones, nor where nobody has those of all homes."""
    content = json.loads((models.folder / "chain.json").read_text())
    task = dataclasses.replace(models.task, training=dataclasses.replace(models.task.training, batch=32))
    other = content | {"task": models.blobs.put(task.to_bytes()).hex()}
    (models.folder / "chain.json").write_text(json.dumps(other))
    with pytest.raises(ChainError, match=r"the readings are not those with which .* began"):
        Trainer(models.folder, PLAN)
    (models.folder / "chain.json").write_text(json.dumps(content | {"plan": {}}))
    for begin in (lambda: Trainer(models.folder, PLAN), lambda: Evaluation.of(models.folder)):
        with pytest.raises(ChainError, match="follows a registry: the readings that it is trained with are not here"):
            begin()


def test_too_few_homes_or_hours_are_no_training() -> None:
    """P9"""
    with pytest.raises(PlanError, match="7 homes beside 2 volunteers are too few: it takes 8"):
        Plan(homes=9).cohort()


HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "number": ({"number": 7}, "its header says 7"),
    "previous": ({"prev_hash": bytes(32)}, "it doesn't name the hash of the block before"),
    "round": ({"round": 1}, "its round is not later"),
    "time": ({"timestamp": 5}, "it is older than the block before"),
    "task": ({"testset_hash": bytes(32)}, "it is of another task, or judged by another test set"),
    "weightHash": ({"weight_hash": bytes(32)}, "its weightHash is of other weights"),
    "participants": ({"participant_hash": bytes(32)}, "its participants are others"),
    "loss": ({"loss_after": 5}, "its losses are"),
    "gate": ({"accepted": False}, "the gate's rule says otherwise"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_false_header_is_found_even_if_the_committee_signed_it(models: ModelChain, name: str) -> None:
    """P7"""
    changes, why = HEADERS[name]
    replace(models, 2, **changes)
    sign_again(models, 2)
    with pytest.raises(BrokenChain, match=f"^block 2: {why}"):
        list(verify(models))


def test_a_header_that_nobody_signed_is_found(models: ModelChain) -> None:
    """P7: the signatures are of this header, by five of the seats, each its own."""
    block = models.block(3)

    def with_signatures(signatures: dict[int, bytes]) -> None:
        path_of(models, 3).write_bytes(dataclasses.replace(block, signatures=signatures).to_json())

    signed = dict(block.signatures)
    for signatures, why in (
        ({seat: signed[seat] for seat in range(4)}, "only 4 of 5 seats signed"),
        ({**signed, 0: signed[1]}, "seat 0 is not its signer's"),
        ({**signed, 7: signed[1]}, "there is no seat 7"),
        ({**signed, 2: flipped(signed[2], 40)}, "seat 2"),
        ({**signed, 2: b""}, "seat 2: a signature has 65 bytes"),
    ):
        with_signatures(signatures)
        with pytest.raises(BrokenChain, match=f"^block 3: {why}"):
            list(verify(models))


def test_another_model_is_found(models: ModelChain) -> None:
    """P7: the model is the one before and the mean of the updates, whatever root the committee signed."""
    wrong = models.state(models.block(1))
    header = models.block(1).header
    replace(models, 2, weights_root=header.weights_root, weight_hash=header.weight_hash)
    sign_again(models, 2)
    assert not np.array_equal(wrong, models.state(ModelChain(models.folder).block(3)))
    with pytest.raises(BrokenChain, match=r"^block 2: its model is not the one before and the mean"):
        list(verify(models))


def test_false_evidence_is_found(models: ModelChain) -> None:
    """P7: of signatures, masks and those who took part."""

    def masks(evidence: Evidence) -> Evidence:
        sign, seed = next(mask for mask in evidence.masks if mask)
        return dataclasses.replace(evidence, masks=((sign, flipped(seed)), *evidence.masks[1:]))

    def signs(evidence: Evidence) -> Evidence:
        sign, seed = next(mask for mask in evidence.masks if mask)
        return dataclasses.replace(evidence, masks=((-sign, seed), *evidence.masks[1:]))

    def fewer(evidence: Evidence) -> Evidence:
        return dataclasses.replace(evidence, masks=evidence.masks[1:])

    def none(evidence: Evidence) -> Evidence:
        return dataclasses.replace(evidence, masks=(None, *evidence.masks[1:]))

    def signer(evidence: Evidence) -> Evidence:
        signatures = (evidence.signatures[1], *evidence.signatures[1:])
        return dataclasses.replace(evidence, signatures=signatures)

    def short_root(evidence: Evidence) -> Evidence:
        return dataclasses.replace(evidence, update_roots=(b"\1", *evidence.update_roots[1:]))

    def other_round(evidence: Evidence) -> Evidence:
        return dataclasses.replace(evidence, round=9)

    def twice(evidence: Evidence) -> Evidence:
        return dataclasses.replace(evidence, keys=(evidence.keys[1], *evidence.keys[1:]))

    untouched = path_of(models, 1).read_bytes()
    for change, why in (
        (masks, "mask 0 is not the one that participant 0 committed"),
        (signs, "mask 0 is not the one"),
        (fewer, "there are 7 masks, not 8"),
        (none, "mask 0 is there and should not be, or the other way round"),
        (signer, "the update of participant 0 is signed by somebody else"),
        (short_root, "there is not one signed update for each who took part"),
        (other_round, "its evidence is of round 9"),
        (twice, "a participant committed keys twice"),
    ):
        other_evidence(models, 1, change)
        with pytest.raises(BrokenChain, match=f"^block 1: {why}"):
            list(verify(models))
        path_of(models, 1).write_bytes(untouched)
    assert len(list(verify(models))) == HEIGHT + 1


def test_damaged_and_missing_files_are_named(models: ModelChain) -> None:
    """P9"""
    upload = models.evidence(models.block(2)).update_roots[3]
    path = models.folder / "blobs" / upload.hex()
    content = path.read_bytes()
    path.write_bytes(flipped(content, 100))
    with pytest.raises(BrokenChain, match=f"^block 2: .*{upload.hex()} doesn't hold what its name says"):
        list(verify(models))
    path.unlink()
    with pytest.raises(BrokenChain, match=f"^block 2: .*{upload.hex()} can't be read"):
        list(verify(models))
    path.write_bytes(content)
    path_of(models, 1).write_text("{}")
    with pytest.raises(BrokenChain, match=r"^block 1: .*is damaged"):
        list(verify(models))
    (models.folder / "chain.json").write_text("[]")
    with pytest.raises(ChainError, match=r"chain\.json is damaged"):
        ModelChain(models.folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("loss_after", -1),
        ("loss_after", 2**300),
        ("round", -1),
        ("prev_hash", "0x12"),
        ("weight_hash", "zz"),
        ("number", "1"),
    ],
)
def test_a_header_that_cannot_be_is_found(models: ModelChain, field: str, value: object) -> None:
    """P7, P9: words that no contract could hash."""
    document = json.loads(path_of(models, 1).read_text())
    document["header"][field] = value
    path_of(models, 1).write_text(json.dumps(document))
    with pytest.raises(BrokenChain, match=r"^block 1: .*000001\.json is damaged: it is no block"):
        list(verify(models))


def test_a_block_is_written_as_it_is_read(models: ModelChain) -> None:
    for block in models.blocks():
        assert Block.from_json(block.to_json()) == block
        if block.evidence:
            evidence = models.evidence(block)
            assert Evidence.from_bytes(evidence.to_bytes()) == evidence
