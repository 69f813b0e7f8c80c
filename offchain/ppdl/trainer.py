"""Training in process: every home is a participant with keys of its own, updates are summed in secret, and each round
becomes a block of the model chain. By option with privacy or by a robust rule."""

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

from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.aggregation.messages import Header
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.gathering import Gathered, Gathering
from offchain.ppdl.learning.device import device_of
from offchain.ppdl.learning.federation import Round, federate
from offchain.ppdl.learning.model import Model
from offchain.ppdl.learning.training import ClientData
from offchain.ppdl.model_chain.block import QUORUM, Block
from offchain.ppdl.model_chain.chain import About, ChainError, ModelChain
from offchain.ppdl.model_chain.header import genesis, header_after
from offchain.ppdl.model_chain.task import GROUPS, Task
from offchain.ppdl.model_chain.testset import follows
from offchain.ppdl.plan import BUNDLED, Plan
from offchain.ppdl.privacy.ledger import PrivacyLedger
from offchain.ppdl.privacy.mechanism import PrivateSum, dearest
from offchain.ppdl.privacy.mode import PrivateMode
from offchain.ppdl.robust.grouping import grouped

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
    """Goes on with the chain in a folder, or begins it. `books` is the folder of the books of privacy, by default
    beside the chain's. Raises ChainError if the chain is of another plan, DeviceError if the device isn't here, and
    what Plan raises; then nothing is begun."""

    def __init__(self, folder: Path, plan: Plan, device: str = "cpu", books: Path | None = None) -> None:
        self._device = device_of(device)
        self.plan = plan
        self.cohort = plan.cohort()
        self.task = plan.task(self.cohort)
        self.model = self.task.model
        self._accounts = [development_account(plan.seed, home) for home in self.cohort.members]
        chain = self._found(folder)
        self.ledger = self._ledger(folder, books or folder.resolve().parent / "privacy")
        self.chain = chain or self._begin(folder)

    def rounds(self) -> Iterator[Round]:
        """The rounds that are still to be done; each is on the disk when it is yielded. Raises BudgetSpent before a
        round that would cost more privacy than is left."""
        data = ClientData.of(self.cohort.training_examples(), self.cohort.members, self._device)
        gathering = Gathering(self.chain.task, self.chain.domain, self._accounts, self.ledger)
        gate = TaskGate(self.chain.task, self.chain.about.tolerance)
        before = self.chain.block(self.chain.height)
        found: list[Gathered] = []

        def aggregate(number: int, updates: Signed) -> Sum:
            found[:] = [gathering(number, updates, before.header.hash)]
            return found[0].sum

        state, first = self.chain.state(before), before.header.number + 1
        for done in federate(self.model, data, gate, self.plan.training(), state, first, aggregate):
            before = self._append(before, done, found[0])
            yield done

    def _append(self, before: Block, done: Round, gathered: Gathered) -> Block:
        evidence = gathered.evidence
        losses, now = (done.loss_before, done.loss_after), int(time.time())
        participants = evidence.participant_hash
        header = header_after(before.header, done.number, done.state, losses, done.accepted, participants, now)
        block = Block(header, self._signatures(header, evidence.committee()), keccak(evidence.to_bytes()))
        self.chain.append(block, done.state, dict(enumerate(gathered.uploads)), evidence)
        return block

    def _signatures(self, header: Header, seats: Sequence[bytes]) -> dict[int, bytes]:
        """Five of the committee's seats; all of them would sign the same here."""
        by_address: dict[bytes, LocalAccount] = {
            to_canonical_address(account.address): account for account in self._accounts
        }
        return {seat: self.chain.domain.sign(header, by_address[seats[seat]]) for seat in range(QUORUM)}

    def _ledger(self, folder: Path, books: Path) -> PrivacyLedger | None:
        """The book of the homes' privacy: one for all trainings with the same readings. Made-up homes have nothing to
        lose: each training with them has its own. Raises PrivacyError for a plan that can't be kept."""
        mode = self.task.mode
        if mode is None:
            return None
        self._private_sums(mode)
        whose = str(folder.resolve()) if self.plan.source == BUNDLED else self.plan.source
        return PrivacyLedger(books / f"{Path(whose).stem}-{keccak(text=whose).hex()[:8]}.sqlite", mode.budget)

    def _private_sums(self, mode: PrivateMode) -> list[PrivateSum]:
        """Those of the first round, which has the most noise: one, or one a group. Raises PrivacyError if one of them
        can't be had."""
        members = range(len(self.cohort.members))
        groups = grouped(members) if self.task.robust == GROUPS else [members]
        return [mode.sum_of(1, len(group), self.model.weights) for group in groups]

    def _found(self, folder: Path) -> ModelChain | None:
        """The chain of this training, None if there is none yet."""
        try:
            chain = ModelChain(folder)
        except ChainError:
            if folder.exists() and any(folder.iterdir()):
                raise
            return None
        if plan_within(chain) != self.plan:
            raise ChainError(f"{folder} holds the chain of another training: give another folder with --chain")
        if chain.task.hash != self.task.hash:
            raise ChainError(f"the readings are not those with which {folder} began: give another folder with --chain")
        return chain

    def _begin(self, folder: Path) -> ModelChain:
        if self.ledger is not None and self.task.mode is not None:
            self.ledger.check(1, dearest(self._private_sums(self.task.mode)))
        state = self.model.initial(self.plan.seed)
        about = About(NO_CHAIN, NO_CONTRACT, TOLERANCE, self.task.hash.hex(), msgspec.to_builtins(self.plan))
        block = Block(genesis(state, self.task.hash, int(time.time())), {}, None)
        return ModelChain.begin(folder, about, block, state, self.task)


def plan_within(chain: ModelChain) -> Plan:
    """The plan that a chain's training is of. Raises ChainError if it was trained over the registry."""
    if not chain.about.plan:
        raise ChainError(f"{chain.folder} follows a registry: the readings that it is trained with are not here")
    try:
        return msgspec.convert(chain.about.plan, Plan)
    except msgspec.ValidationError as error:
        raise ChainError(f"{chain.folder} isn't the chain of a training in this process: {error}") from error
