"""How a round's updates are gathered in one process: in one secure sum, in a secure sum a group, or open to all; in
private mode with noise that the homes' book allows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address

from offchain.ppdl.aggregation.in_process import SecureAggregation
from offchain.ppdl.aggregation.lanes import Lanes, Signed, chunk_tree, to_chunks
from offchain.ppdl.aggregation.messages import Domain, Update
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.model_chain.evidence import Evidence
from offchain.ppdl.model_chain.robust_evidence import AnyEvidence, GroupEvidence, OpenEvidence
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.privacy.accountant import PrivacyError
from offchain.ppdl.privacy.discrete_gaussian import Stream
from offchain.ppdl.privacy.ledger import PrivacyLedger
from offchain.ppdl.privacy.mechanism import PrivateSum, dearest
from offchain.ppdl.privacy.mode import PrivateMode
from offchain.ppdl.robust.grouping import drawn, median_sum
from offchain.ppdl.robust.rules import Rule, combined


@dataclass(frozen=True)
class Gathered:
    """What came of a round, what shows it, and the content that this names."""

    sum: Sum
    evidence: AnyEvidence
    uploads: tuple[Lanes, ...]


@dataclass(frozen=True)
class Gathering:
    """Of the homes with these accounts. `ledger` is the book of what the homes' privacy has cost, one for all of them,
    as each round costs all the same; it is there exactly in private mode."""

    task: Task
    domain: Domain
    accounts: Sequence[LocalAccount]
    ledger: PrivacyLedger | None = None

    def __post_init__(self) -> None:
        """Raises PrivacyError if a private task has no ledger."""
        if self.mode is not None and self.ledger is None:
            raise PrivacyError("the task is private: without a book of what rounds cost no update leaves")

    def __call__(self, number: int, updates: Signed, seed: bytes) -> Gathered:
        """Of update vectors, shape (homes, lanes); `seed` draws groups. Raises BudgetSpent if the round would cost more
        than is left, AliveError, Refusal, UnmaskError or PrivacyError if it ends without a result."""
        robust = self.task.robust
        if robust is not None and robust != "groups":
            return self._open(robust, number, updates)
        groups = [list(self._by_address.values())]
        if robust == "groups":
            groups = [[self._by_address[one] for one in group] for group in drawn(list(self._by_address), seed)]
        plans: list[PrivateSum | None] = [None for _ in groups]
        if self.mode is not None and self.ledger is not None:
            sums = [self.mode.sum_of(number, len(group), updates.shape[1] - 1) for group in groups]
            updates = _noisy(updates, groups, sums)
            digest = hashlib.sha256(updates.tobytes()).digest()
            cost = dearest(sums)
            self.ledger.check(number, cost)
            # a round that was cut off has its number in the book, and counts: this is another one
            self.ledger.spend(self.task.hash, self.ledger.next_round(self.task.hash), cost, digest)
            plans = [*sums]
        parts = [self._summed(number, group, updates, plan) for group, plan in zip(groups, plans, strict=True)]
        return parts[0] if robust is None else _median(parts)

    @cached_property
    def mode(self) -> PrivateMode | None:
        """The task's private mode."""
        return self.task.mode

    @cached_property
    def _by_address(self) -> dict[bytes, int]:
        return {to_canonical_address(account.address): place for place, account in enumerate(self.accounts)}

    def _summed(self, number: int, group: list[int], updates: Signed, plan: PrivateSum | None) -> Gathered:
        """One secure sum of the homes at these places."""
        accounts = [self.accounts[place] for place in group]
        addresses = [to_canonical_address(account.address) for account in accounts]
        check = None if plan is None else plan.check_alive
        finished = SecureAggregation(addresses=addresses, check_alive=check).run(number, updates[group])
        roots = {index: chunk_tree(finished.uploads[index]).root for index in finished.alive.indices}
        signed = {index: self.domain.sign(Update(number, root), accounts[index]) for index, root in roots.items()}
        evidence = Evidence.of(finished.transcript, finished.alive, roots, signed, finished.masks)
        return Gathered(finished.sum, evidence, tuple(finished.uploads[index] for index in finished.alive.indices))

    def _open(self, rule: Rule, number: int, updates: Signed) -> Gathered:
        """By a rule on updates that everybody sees."""
        uploads = tuple(to_chunks(update) for update in updates)
        roots = tuple(chunk_tree(upload).root for upload in uploads)
        signed = tuple(
            self.domain.sign(Update(number, root), account) for root, account in zip(roots, self.accounts, strict=True)
        )
        evidence = OpenEvidence(number, rule, tuple(self._by_address), roots, signed)
        return Gathered(combined(rule, updates), evidence, uploads)


def _noisy(updates: Signed, groups: list[list[int]], sums: list[PrivateSum]) -> Signed:
    """What leaves: updates shortened, with fresh noise, and nothing of the lane of statistics."""
    sent = np.zeros_like(updates)
    for group, plan in zip(groups, sums, strict=True):
        sent[group, :-1] = plan.shares(updates[group, :-1].astype(np.int64), Stream.fresh())  # modulo 2^32
    return sent


def _median(parts: list[Gathered]) -> Gathered:
    """Of groups' sums, lane by lane, as the sum of one client."""
    evidence = GroupEvidence(tuple(part.evidence for part in parts if isinstance(part.evidence, Evidence)))
    return Gathered(
        median_sum([part.sum for part in parts]), evidence, tuple(upload for part in parts for upload in part.uploads)
    )
