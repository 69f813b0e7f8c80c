"""Training in process: every home is a participant with keys of its own, updates are summed in secret, and each round
becomes a block of the model chain."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.in_process import Finished, SecureAggregation
from offchain.ppdl.aggregation.lanes import Signed, chunk_tree
from offchain.ppdl.aggregation.messages import Header, Update
from offchain.ppdl.learning.device import device_of
from offchain.ppdl.learning.federation import Round, federate
from offchain.ppdl.learning.model import Model, Perceptron
from offchain.ppdl.learning.training import ClientData
from offchain.ppdl.model_chain.block import QUORUM, Block
from offchain.ppdl.model_chain.chain import About, ChainError, ModelChain
from offchain.ppdl.model_chain.evidence import Evidence
from offchain.ppdl.model_chain.header import genesis, header_after
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.model_chain.testset import follows
from offchain.ppdl.plan import Plan

NO_CHAIN = 0
NO_CONTRACT = "0x" + 20 * "00"
TOLERANCE = 20


def development_account(seed: int, name: str) -> LocalAccount:
    """The key of a home in a training in process. Anyone can compute it: it signs for nobody but that training."""
    account: LocalAccount = Account.from_key(keccak(text=f"openmg ppdl development key {seed} {name}"))
    return account


@dataclass(frozen=True)
class TaskGate:
    """Lets a model follow whose loss on the task's test set is not much higher than that of the one before."""

    task: Task
    tolerance: int

    def judge(self, model: Model, old: Signed, new: Signed) -> tuple[int, int, bool]:
        """The losses of both in units of 2^-20, and whether the new one may follow."""
        before, after = self.task.loss(old), self.task.loss(new)
        return before, after, follows(before, after, self.tolerance)


class Trainer:
    """Goes on with the chain in a folder, or begins it. Raises ChainError if it is of another plan,
    DeviceError if the device isn't here."""

    def __init__(self, folder: Path, plan: Plan, device: str = "cpu") -> None:
        self._device = device_of(device)
        self.plan = plan
        self.ground = plan.ground()
        self.model = Perceptron()
        self._accounts = [development_account(plan.seed, home) for home in self.ground.members]
        self.chain = self._chain(folder, plan)

    def rounds(self) -> Iterator[Round]:
        """The rounds that are still to be done; each is on the disk when it is yielded."""
        data = ClientData.of(self.ground.training_examples(), self.ground.members, self._device)
        addresses = [to_canonical_address(account.address) for account in self._accounts]
        aggregation = SecureAggregation(addresses=addresses)
        gate = TaskGate(self.chain.task, self.chain.about.tolerance)
        height = self.chain.height
        before = self.chain.block(height)
        state = self.chain.state(before)
        for done in federate(self.model, data, gate, self.plan.training(), state, height + 1, aggregation):
            if aggregation.finished is not None:
                before = self._append(before, done, aggregation.finished)
                yield done

    def _append(self, before: Block, done: Round, finished: Finished) -> Block:
        evidence = self._evidence(finished)
        losses, now = (done.loss_before, done.loss_after), int(time.time())
        participants = evidence.participant_hash
        header = header_after(before.header, done.number, done.state, losses, done.accepted, participants, now)
        block = Block(header, self._signatures(header, evidence.committee()), keccak(evidence.to_bytes()))
        self.chain.append(block, done.state, finished.uploads, evidence)
        return block

    def _evidence(self, finished: Finished) -> Evidence:
        roots = {index: chunk_tree(finished.uploads[index]).root for index in finished.alive.indices}
        round_ = finished.transcript.round
        domain, accounts = self.chain.domain, self._accounts
        signed = {index: domain.sign(Update(round_, root), accounts[index]) for index, root in roots.items()}
        return Evidence.of(finished.transcript, finished.alive, roots, signed, finished.masks)

    def _signatures(self, header: Header, seats: Sequence[bytes]) -> dict[int, bytes]:
        """Five of the committee's seats; all of them would sign the same here."""
        by_address: dict[bytes, LocalAccount] = {
            to_canonical_address(account.address): account for account in self._accounts
        }
        return {seat: self.chain.domain.sign(header, by_address[seats[seat]]) for seat in range(QUORUM)}

    def _chain(self, folder: Path, plan: Plan) -> ModelChain:
        document = msgspec.to_builtins(plan)
        try:
            chain = ModelChain(folder)
        except ChainError:
            if folder.exists() and any(folder.iterdir()):
                raise
            return self._begin(folder, document)
        if chain.about.plan != document:
            raise ChainError(f"{folder} holds the chain of another training: give another folder with --chain")
        return chain

    def _begin(self, folder: Path, document: dict[str, object]) -> ModelChain:
        task = self.plan.task(self.ground)
        state = self.model.initial(self.plan.seed)
        about = About(NO_CHAIN, NO_CONTRACT, TOLERANCE, task.hash.hex(), document)
        block = Block(genesis(state, task.hash, int(time.time())), {}, None)
        return ModelChain.begin(folder, about, block, state, task)
