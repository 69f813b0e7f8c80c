"""Gas of the plasma chain's contracts on the root chain, with proofs from a real plasma chain.

Both chains begin the same each time, and the same keys send the same transactions, so proofs and gas are exact. Ten
authorities sign; the plasma chain has some thousand accounts, and the receipt is one of a hundred in its block. What an
operation touches isn't zero before it, unless its being new is the point of it. A note's proof is random: it is
recorded (`snapshots/note_escape.json`, written by `gas.py --update`).
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import Web3

from benchmarks.note_escape import Recorded, Recorder
from benchmarks.shielded import GENESIS, fresh_chain
from offchain.artifacts import load
from offchain.chains import ChainSpec, started
from offchain.deployment.bridge import BridgeDeployment, BridgeRules
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.node import Node
from offchain.plasma.blocks import block_tree
from offchain.plasma.bridge_genesis import bridge_genesis
from offchain.plasma.bridge_history import BridgeHistory
from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint, Domain, Submission
from offchain.plasma.escape import POOL_INSIDE, StateProofs, entry, root_slot
from offchain.plasma.events import CheckpointSubmitted, MessageSent, decode_as
from offchain.plasma.messages import BRIDGE, Message
from offchain.plasma.prover import Prover, read_leaves
from offchain.sender import development_account, key_sender, unsigned
from offchain.signature import join, sign
from offchain.units import ETHER

CHILD_CHAIN_ID = 950327
AUTHORITIES, QUORUM = 10, 7
ACCOUNTS = 1_000
IN_BLOCK = 100
ETH = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
OWNER, DEPOSITOR, CHALLENGER = 0, 1, 2
RULES = BridgeRules(
    challenge_period=600, rollback_period=3_600, silence_period=7_200, freeze_period=1_800, change_period=3_600
)
PAYS_NOTHING = {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "chainId": CHILD_CHAIN_ID, "type": 2}


def keys(name: str, count: int) -> list[LocalAccount]:
    """Keys that are the same each time, by ascending address."""
    made: list[LocalAccount] = [Account.from_key(keccak(text=f"{name} {number}")) for number in range(count)]
    return sorted(made, key=lambda key: int(key.address, 16))


def account(number: int) -> str:
    """An account of the plasma chain that nobody has the key of."""
    return Web3.to_checksum_address(keccak(text=f"account {number}")[:20])


class Plasma:
    """A plasma chain whose blocks are made by hand."""

    def __init__(self, web3: Web3) -> None:
        self.node = Node(web3)
        self.bridge = load("PlasmaBridge").at(web3, BRIDGE)
        self.operator, self.user = keys("operator", 1)[0], keys("user", 1)[0]
        self._nonces: dict[str, int] = {}

    def send(self, key: LocalAccount, to: str, data: str = "0x", value: int = 0, gas: int = 1_000_000) -> bytes:
        """Puts a transaction into the next block; returns its hash."""
        nonce = self._nonces.get(key.address, 0)
        self._nonces[key.address] = nonce + 1
        fields: dict[str, Any] = {"to": Web3.to_checksum_address(to), "data": data, "value": value}
        fields |= {"gas": gas, "nonce": nonce}
        signed = key.sign_transaction(fields | PAYS_NOTHING)
        self.node.call("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex())
        return bytes(signed.hash)

    def platform(self, folder: Path) -> Manifest:
        """The platform, without liquidity, each transaction in a block of its own."""
        self.node.call("evm_setAutomine", True)
        self.node.call("anvil_setBlockTimestampInterval", 1)
        deployer = key_sender(self.node.web3, keys("deployer", 1)[0])
        manifest = Manifest.open(CHILD_CHAIN_ID, folder)
        list(PlatformDeployment(deployer, manifest, deployer.address, liquidity_eth=0, liquidity_tokens=0).run())
        self.node.call("anvil_removeBlockTimestampInterval")
        self.node.call("evm_setAutomine", False)
        return manifest

    def seal(self) -> int:
        """Makes the block; returns its number."""
        number = self.node.height() + 1
        self.node.call("evm_setNextBlockTimestamp", hex(GENESIS + number))
        self.node.call("evm_mine")
        return number


class Bench:
    """The bridge between both chains, and what each operation on the root chain costs."""

    def __init__(self, web3: Web3, plasma: Plasma, folder: Path, note: Recorded) -> None:
        self.web3, self.plasma, self.note = web3, plasma, note
        Node(web3).call("anvil_setBlockTimestampInterval", 12)  # or the wall clock, and with it chance, gives the times
        self.senders = [key_sender(web3, development_account(index)) for index in range(3)]
        self.keys = keys("authority", AUTHORITIES)
        manifest = Manifest.open(web3.eth.chain_id, folder)
        authorities = [key.address for key in self.keys]
        list(BridgeDeployment(self.senders[OWNER], manifest, CHILD_CHAIN_ID, authorities, RULES).run())
        self.root, self.vault, self.challenges, self.escape = (
            manifest.contract(web3, f"plasma_{name}").functions for name in ("root", "vault", "challenges", "escape")
        )
        self.vault_address, self.escape_address = map(manifest.address, ("plasma_vault", "plasma_escape"))
        self.platform = self.plasma.platform(folder)
        self.pool = self.platform.address("pool")
        self.send(self.escape.setPlatform(self.platform.address("factory"), self.pool))
        self.domain = Domain(web3.eth.chain_id, manifest.address("plasma_root"))
        self.history = BridgeHistory(plasma.node, CHILD_CHAIN_ID)
        self.submissions: list[Submission] = []
        self.gas: dict[str, int] = {}
        self.read = 0

    def send(self, call: Any, name: str | None = None, value: int = 0, by: int = OWNER) -> Any:
        """Sends a call; its gas is what `name` costs. Returns its receipt."""
        receipt = self.senders[by].transact(call, value)
        if name:
            self.gas[name] = int(receipt["gasUsed"])
        return receipt

    def wait(self, seconds: int) -> None:
        """Lets time pass on the root chain."""
        node = Node(self.web3)
        node.call("evm_setNextBlockTimestamp", hex(node.time() + seconds))
        node.call("evm_mine")

    def messages(self) -> list[Message]:
        """What was put into the inbox since the last call."""
        logs = self.web3.eth.get_logs({"fromBlock": self.read, "toBlock": "latest"})
        self.read = self.web3.eth.block_number + 1
        return [decode_as(MessageSent, log).message for log in logs if log["topics"][0] == MessageSent.topic()]

    def deliver(self) -> None:
        """Takes what was put into the inbox."""
        first = self.plasma.bridge.functions.inboxConsumed().call()
        call = self.plasma.bridge.functions.deliver(first, [message.abi() for message in self.messages()])
        self.plasma.send(self.plasma.operator, BRIDGE, unsigned(call)["data"], gas=10_000_000)
        self.plasma.seal()

    def checkpoint(self) -> Checkpoint:
        """The next checkpoint, up to the newest block."""
        last = self.submissions[-1].checkpoint if self.submissions else None
        start, end = (last.end + 1 if last else 1), self.plasma.node.height()
        leaves = read_leaves(self.plasma.node, start, end)
        bridge = self.history.at(end)
        return Checkpoint(
            last.epoch + 1 if last else 1,
            last.hash if last else NO_CHECKPOINT,
            start,
            end,
            block_tree(CHILD_CHAIN_ID, leaves).root,
            bridge.exit_root,
            bridge.exit_count,
            bridge.inbox_consumed,
            leaves[-1].state_root,
            keccak(text=f"data {start} {end}"),
            1,
        )

    def submit(self, signers: int = QUORUM, name: str | None = None) -> Submission:
        """Submits the next checkpoint."""
        checkpoint = self.checkpoint()
        digest = self.domain.checkpoint_digest(checkpoint)
        signatures = join(digest, [sign(digest, key) for key in self.keys[:signers]])
        receipt = self.send(self.root.submitCheckpoint(checkpoint.abi(), signatures), name)
        self.submissions.append(decode_as(CheckpointSubmitted, receipt["logs"][0]).submission)
        return self.submissions[-1]

    def prover(self, submission: Submission) -> Prover:
        """Proves what is in a checkpoint."""
        checkpoint = submission.checkpoint
        leaves = read_leaves(self.plasma.node, checkpoint.start, checkpoint.end)
        return Prover(self.plasma.node, submission, leaves, CHILD_CHAIN_ID)

    def burn(self, amount: int) -> bytes:
        """Burns ETH of the user in the next block."""
        recipient = self.senders[CHALLENGER].address
        data = unsigned(self.plasma.bridge.functions.exitEth(recipient))["data"]
        return self.plasma.send(self.plasma.user, BRIDGE, data, amount, gas=3_000_000)

    def deposits(self) -> None:
        """ETH and a token, the second of each measured."""
        user = self.plasma.user.address
        token = load("Token").at(
            self.web3, str(self.senders[DEPOSITOR].deploy(load("Token"), 10**24)["contractAddress"])
        )
        self.send(self.vault.listToken(token.address, 10**24), "list_token")
        self.send(token.functions.approve(self.vault_address, 10**24), by=DEPOSITOR)
        for name_eth, name_token in ((None, None), ("deposit", "deposit_token")):
            self.send(self.vault.depositEth(user), name_eth, 50 * ETHER, DEPOSITOR)
            self.send(self.vault.depositToken(token.address, user, ETHER), name_token, by=DEPOSITOR)
        call = self.vault.forceCall(BRIDGE, ETHER, 500_000, b"\1" * 100)
        self.send(call, "force_call", by=DEPOSITOR)
        self.deliver()

    def shielded(self) -> None:
        """A note in the pool's tree."""
        fields = self.note.shield(self.pool)
        self.plasma.send(self.plasma.user, fields["to"], fields["data"], fields["value"], gas=3_000_000)
        self.plasma.seal()
        flush = unsigned(self.platform.contract(self.plasma.node.web3, "pool").functions.flush(1))["data"]
        self.plasma.send(self.plasma.user, self.pool, flush, gas=3_000_000)
        self.plasma.seal()

    def accounts(self) -> None:
        """Accounts, so that proofs of the state are not those of an empty chain."""
        for number in range(ACCOUNTS):
            self.plasma.send(
                self.plasma.user, keccak(text=f"account {number}")[:20].hex(), value=number + 1, gas=21_000
            )
            if number % 1_000 == 999:
                self.plasma.seal()

    def exits(self) -> None:
        """Burns, checkpoints, exits by both ways, payouts."""
        burned = [self.burn(ETHER + number) for number in range(4)]
        for number in range(IN_BLOCK - len(burned)):
            self.plasma.send(self.plasma.user, account(number), value=1, gas=21_000)
        self.plasma.seal()
        self.submit()
        for signers, which in ((QUORUM, "checkpoint_7"), (QUORUM + 1, "checkpoint_8")):
            self.plasma.seal()
            self.submit(signers, which)
        self.gas["checkpoint_signer"] = self.gas.pop("checkpoint_8") - self.gas["checkpoint_7"]
        first = self.submissions[0]
        started: list[tuple[int, str | None]] = [(0, None), (1, "exit_burn")]
        for number, name in started:
            exit_ = self.history.exits[number]
            path = list(self.history.path(number, first.checkpoint.exit_count))
            self.send(self.vault.startExit(exit_.abi(), first.abi(), path), name)
        shown: list[tuple[int, str | None]] = [(2, None), (3, "exit_receipt")]
        for number, name in shown:
            proof = self.prover(first).receipt(burned[number])
            self.send(self.vault.startExitByReceipt(proof.abi(), 0), name)
        self.wait(RULES.challenge_period)
        self.send(self.root.finalise(first.abi()), "finalise_checkpoint")
        recipient = self.senders[CHALLENGER].address
        self.send(self.vault.releaseExit(self.history.exits[0].abi()))
        self.send(self.vault.claim(ETH, recipient), "claim")
        self.send(self.vault.releaseExit(self.history.exits[1].abi()), "finalise")

    def equivocation(self) -> None:
        """An authority that signed two checkpoints."""
        one = self.submissions[-1].checkpoint
        other = replace(one, data_hash=keccak(text="other data"))
        for seat, name in ((AUTHORITIES - 1, None), (AUTHORITIES - 2, "equivocation")):
            key = self.keys[seat]
            signed = [sign(self.domain.checkpoint_digest(which), key) for which in (one, other)]
            call = self.challenges.proveEquivocation(one.abi(), signed[0], other.abi(), signed[1], seat)
            self.send(call, name, by=CHALLENGER)

    def escapes(self) -> None:
        """The end of the chain, and the way out of it."""
        self.wait(RULES.freeze_period)
        self.send(self.root.finalise(self.submissions[-1].abi()))
        self.wait(RULES.silence_period)
        self.send(self.root.haltSilent(), "halt")
        last = self.submissions[-1]
        self.send(self.escape.open(last.abi()), "escape_open")
        recipient, holder = self.senders[DEPOSITOR].address, self.plasma.user
        proofs = StateProofs.of_node(self.plasma.node, last.checkpoint.end, last.checkpoint.last_state_root)
        _, nodes = proofs.account(holder.address)
        digest = bytes(self.escape.escapeDigest(ETH, holder.address, holder.address, recipient).call())
        self.send(self.escape.escapeEth(holder.address, recipient, list(nodes), sign(digest, holder)), "escape")
        _, nodes = proofs.account(self.pool)
        self.send(self.escape.proveContract(self.pool, list(nodes)), "escape_contract")
        _, nodes = proofs.slot(self.pool, entry(ETH, POOL_INSIDE))
        self.send(self.escape.proveInside(ETH, list(nodes)))
        chain_id, web3 = self.web3.eth.chain_id, self.plasma.node.web3
        end, contract = last.checkpoint.end, self.escape_address
        proven = self.note.escape(web3, self.platform, end, chain_id, contract, recipient)
        _, nodes = proofs.slot(self.pool, root_slot(*proven[1][5:7]))
        self.send(self.escape.escapeNote(*proven, list(nodes)), "escape_note")
        self.wait(RULES.cancel_period)
        self.send(self.escape.releaseNote(*proven[1][:2]), "escape_note_release")


def record() -> None:
    """Makes a new note and proof."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder))
        measure(recorder)
        recorder.save()


def measure(note: Recorded | None = None) -> dict[str, int]:
    """Gas by operation."""
    with tempfile.TemporaryDirectory() as name, fresh_chain() as web3:
        folder = Path(name)
        genesis = bridge_genesis(keys("operator", 1)[0].address, CHILD_CHAIN_ID, GENESIS)
        genesis.write(folder / "genesis.json")
        flags = (*genesis.flags(folder / "genesis.json"), "--no-mining", "--order", "fifo")
        with started(ChainSpec("plasma", CHILD_CHAIN_ID, 0), *flags) as chain:
            bench = Bench(web3, Plasma(chain.web3), folder, note or Recorded())
            bench.deposits()
            bench.shielded()
            bench.accounts()
            bench.exits()
            bench.equivocation()
            bench.escapes()
            return bench.gas
