"""The plasma contracts on the root chain, with seven authorities and a made-up plasma chain below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eth_account import Account as Keys
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint, Domain, Submission
from offchain.plasma.events import CheckpointSubmitted, MessageSent, decode_as
from offchain.plasma.messages import Exit, Message
from offchain.plasma.proofs import BlockProof, ReceiptProof
from offchain.signature import join, sign
from offchain.units import ETHER
from tests.plasma.made_up import CHILD_CHAIN_ID, Block, Chain

ETH = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
DAY = 24 * 3600
CHALLENGE_PERIOD = 3 * DAY
ROLLBACK_PERIOD = 4 * DAY
SILENCE_PERIOD = DAY
INBOX_PERIOD = 2 * DAY
FREEZE_PERIOD = DAY // 2
CHANGE_PERIOD = 7 * DAY
BOND = 10 * ETHER
WINDOW = DAY
ETH_CAP = 100 * ETHER
CANCEL_PERIOD = 2 * DAY
RULES = (
    CHALLENGE_PERIOD,
    ROLLBACK_PERIOD,
    SILENCE_PERIOD,
    INBOX_PERIOD,
    FREEZE_PERIOD,
    CHANGE_PERIOD,
    BOND,
)
AUTHORITIES = 7
QUORUM, FAULTY = 5, 2


def authority_keys(count: int = AUTHORITIES, seed: str = "authority") -> list[LocalAccount]:
    """Keys in ascending order of their addresses, so that a key's place is its seat."""
    keys = [Keys.from_key(keccak(text=f"{seed} {number}")) for number in range(count)]
    return sorted(keys, key=lambda key: int(key.address, 16))


@dataclass
class Plasma:
    """All contracts, the authorities' keys, and the chain they checkpoint."""

    provider: Any
    owner: Any
    root: Any
    vault: Any
    challenges: Any
    escape: Any
    inclusion: Any
    keys: list[LocalAccount]
    chain: Chain = field(default_factory=Chain)
    submissions: list[Submission] = field(default_factory=list)

    @property
    def domain(self) -> Domain:
        return Domain(self.provider.chain_id, self.root.address)

    @property
    def now(self) -> int:
        return int(self.provider.get_block("latest").timestamp)

    def wait(self, seconds: int) -> None:
        """Lets time pass on the root chain."""
        self.provider.set_timestamp(self.now + seconds)
        self.provider.mine()

    def bond(self, keys: Sequence[LocalAccount], amount: int = BOND) -> None:
        """Puts a bond at stake for each of these."""
        for key in keys:
            self.root.bond(key.address, sender=self.owner, value=amount)

    def change_authorities(self, keys: Sequence[LocalAccount]) -> None:
        """Announces another set, lets its time come, and has it sign from then on; their bonds are there."""
        self.root.proposeAuthorities([key.address for key in keys], sender=self.owner)
        self.wait(CHANGE_PERIOD)
        self.root.activateAuthorities(sender=self.owner)
        self.keys = list(keys)

    def checkpoint(self, end: int | None = None, **changes: Any) -> Checkpoint:
        """The next checkpoint, up to a block or the newest; `changes` bend it."""
        last = self.submissions[-1].checkpoint if self.submissions else None
        start = last.end + 1 if last else 1
        end = self.chain.head.number if end is None else end
        honest = Checkpoint(
            last.epoch + 1 if last else 1,
            last.hash if last else NO_CHECKPOINT,
            start,
            end,
            self.chain.tree(start, end).root,
            self.chain.exit_tree.root(),
            len(self.chain.exits),
            len(self.chain.messages),
            self.chain.blocks[end].state.root,
            keccak(text=f"data {start} {end}"),
            self.root.setId(),
        )
        return replace(honest, **changes)

    def signatures(self, digest: bytes, signers: Sequence[LocalAccount]) -> bytes:
        """Signatures in the contract's order."""
        return join(digest, [sign(digest, key) for key in signers])

    def signed(self, checkpoint: Checkpoint, signers: Sequence[LocalAccount] | None = None) -> bytes:
        """The signatures of a checkpoint, of a quorum unless others are named."""
        digest = self.domain.checkpoint_digest(checkpoint)
        return self.signatures(digest, self.keys[:QUORUM] if signers is None else signers)

    def submit(self, checkpoint: Checkpoint | None = None, signers: Sequence[LocalAccount] | None = None) -> Submission:
        """Submits a checkpoint, the next one unless another is given; returns it as it was accepted."""
        checkpoint = checkpoint or self.checkpoint()
        receipt = self.root.submitCheckpoint(checkpoint.abi(), self.signed(checkpoint, signers), sender=self.owner)
        (log,) = [log for log in receipt.logs if log["topics"][0] == CheckpointSubmitted.topic()]
        self.submissions.append(decode_as(CheckpointSubmitted, log).submission)
        return self.submissions[-1]

    def seal_and_submit(self) -> Submission:
        """A block with what waits, and its checkpoint."""
        self.chain.seal()
        return self.submit()

    def finalise(self, submission: Submission | None = None) -> None:
        """Lets the challenge period of a checkpoint pass, the newest unless another is named, and makes it final."""
        self.wait(CHALLENGE_PERIOD)
        self.root.finalise((submission or self.submissions[-1]).abi(), sender=self.owner)

    def freezing(self, count: int = FAULTY + 1) -> bytes:
        """Signatures of the first authorities for the next freeze."""
        digest = self.domain.freeze_digest(self.root.setId(), self.root.frozenUntil())
        return self.signatures(digest, self.keys[:count])

    def freeze(self, sender: Any) -> int:
        """Has f+1 authorities freeze the chain; returns until when."""
        receipt = self.root.freeze(self.freezing(), sender=sender)
        assert receipt.events == [self.root.Frozen(self.now + FREEZE_PERIOD)]
        return self.now + FREEZE_PERIOD

    def halt(self, settle: bool = True) -> None:
        """Lets the chain fall silent, and ends it; unless told not to, waits until what is final is final for good."""
        self.wait(SILENCE_PERIOD)
        self.root.haltSilent(sender=self.owner)
        if settle:
            self.settle()

    def settle(self) -> None:
        """Waits until no challenge can take finality back."""
        missing = self.root.settledAt() + 1 - self.now
        if missing > 0:
            self.wait(missing)

    def deposit(self, sender: Any, amount: int, recipient: Any = None, asset: Any = ETH) -> Message:
        """Deposits; the plasma chain takes the message with its next block if `chain.deliver` is called with it."""
        if asset == ETH:
            receipt = self.vault.depositEth(recipient or sender, sender=sender, value=amount)
        else:
            asset.approve(self.vault, amount, sender=sender)
            receipt = self.vault.depositToken(asset, recipient or sender, amount, sender=sender)
        return sent_message(receipt)

    def exit_path(self, exit_: Exit, submission: Submission | None = None) -> tuple[Any, Any, list[bytes]]:
        """The arguments of `startExit`."""
        submission = submission or self.submissions[-1]
        path = self.chain.exit_tree.path(exit_.id, submission.checkpoint.exit_count)
        return exit_.abi(), submission.abi(), list(path)

    def start_exit(self, exit_: Exit, submission: Submission | None = None) -> None:
        """Starts an exit by the exit tree."""
        self.vault.startExit(*self.exit_path(exit_, submission), sender=self.owner)

    def block_proof(self, number: int, submission: Submission | None = None) -> BlockProof:
        """A block in a checkpoint."""
        submission = submission or self.submissions[-1]
        checkpoint = submission.checkpoint
        path = self.chain.tree(checkpoint.start, checkpoint.end).path(number - checkpoint.start)
        return BlockProof(submission, self.chain.blocks[number].leaf, path)

    def receipt_proof(self, block: Block, index: int, submission: Submission | None = None) -> ReceiptProof:
        """A receipt in a checkpoint."""
        return ReceiptProof(self.block_proof(block.number, submission), index, tuple(block.receipt_proof(index)))

    def leaf_proof(self, number: int, submission: Submission | None = None) -> tuple[Any, ...]:
        """A LeafProof, as the contract of challenges takes it."""
        proof = self.block_proof(number, submission)
        start = proof.submission.checkpoint.start
        return (proof.submission.abi(), proof.leaf.abi(), number - start, list(proof.siblings))


def sent_message(receipt: Any) -> Message:
    """The message that a transaction put into the inbox."""
    (log,) = [log for log in receipt.logs if log["topics"][0] == MessageSent.topic()]
    return decode_as(MessageSent, log).message


def connected(deployer: Any, owner: Any, project: Any, joinsplit: Any, rules: Sequence[int] = RULES) -> Plasma:
    """Deploys the contracts; nobody signs yet."""
    root = deployer.deploy(project.PlasmaRoot, rules, owner)
    vault = deployer.deploy(project.PlasmaVault, root, CHILD_CHAIN_ID, WINDOW, ETH_CAP)
    challenges = deployer.deploy(project.PlasmaChallenges, root, vault, CHILD_CHAIN_ID)
    escape = deployer.deploy(project.PlasmaEscape, root, vault, joinsplit, CANCEL_PERIOD)
    inclusion = deployer.deploy(project.PlasmaInclusion, root, CHILD_CHAIN_ID)
    root.connect(vault, challenges, sender=owner)
    vault.connect(escape, sender=owner)
    return Plasma(deployer.provider, owner, root, vault, challenges, escape, inclusion, [])


def deployed(deployer: Any, owner: Any, project: Any, joinsplit: Any, keys: Sequence[LocalAccount]) -> Plasma:
    """Deploys the contracts, bonds the authorities and makes them the first set."""
    plasma = connected(deployer, owner, project, joinsplit)
    plasma.bond(keys)
    plasma.keys = list(keys)
    plasma.root.proposeAuthorities([key.address for key in keys], sender=owner)
    plasma.root.activateAuthorities(sender=owner)
    return plasma
