"""The contracts on a chain of their own, and a made-up plasma chain below, spoken to by the model's names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from typing import Any

from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak

from offchain import artifacts
from offchain.chains import ChainSpec, started
from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint, Domain, Submission
from offchain.plasma.events import MessageSent, decode_as
from offchain.plasma.messages import Exit, Message
from offchain.plasma.proofs import BlockProof, ReceiptProof
from offchain.plasma.tries import ItemTrie
from offchain.rpc import Rpc, RpcError
from offchain.sender import development_account, development_sender
from offchain.signature import sign
from tests.invariant.plasma.model import (
    ASSETS,
    AUTHORITIES,
    BOND,
    CHALLENGE,
    CHANGE,
    ETHER,
    FIRST_CAP,
    FREEZE,
    INBOX,
    QUORUM,
    ROLLBACK,
    SILENCE,
    TOKEN,
    WINDOW,
    Balances,
    Model,
)
from tests.invariant.shielded.chain import error_names
from tests.plasma.made_up import CHILD_CHAIN_ID, Account, Chain, entry
from tests.plasma.stage import ETH, authority_keys

OWNERS = (0, 1, 2)
NO_HASH = bytes(32)
NO_SUBMISSION = Submission(Checkpoint(0, NO_HASH, 0, 0, NO_HASH, NO_HASH, 0, 0, NO_HASH, NO_HASH, 0), 0, 0)
TOKENS_EACH = 10**24
ETHER_EACH = 10**24
GAS = hex(12_000_000)
RULES = (CHALLENGE, ROLLBACK, SILENCE, INBOX, FREEZE, CHANGE, BOND)
START = 1_800_000_000 // WINDOW * WINDOW


class Bridge:
    """Root, vault, challenges and escape with four authorities; three owners who have ETH and a token."""

    def __init__(self, web3: Any, rpc: Rpc) -> None:
        self.web3, self.rpc = web3, rpc
        rpc.call("anvil_setBlockTimestampInterval", 0)  # time stands still unless `wait` moves it
        self.operator = development_sender(web3, 0)
        self.keys = authority_keys(AUTHORITIES)
        self.accounts = [development_account(1 + owner) for owner in OWNERS]
        self._errors = error_names()
        self.contracts: dict[str, Any] = {}
        self._types: dict[tuple[str, str], tuple[bytes, list[str]]] = {}
        self._deploy()
        self.begun = self.now = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        self._questions = self._views()
        self._snapshot = rpc.call("evm_snapshot")
        self._begin()

    def reset(self) -> None:
        """Back to the start: nothing deposited but the message that lists the token."""
        self.rpc.call("evm_revert", self._snapshot)
        self._snapshot = self.rpc.call("evm_snapshot")
        self._begin()

    def _begin(self) -> None:
        self.now = self.begun
        self.chain = Chain(self.begun)
        self.chain.deliver(self._listing)
        self.inbox: list[Message] = [self._listing]
        self.burns: list[tuple[Exit, int, int]] = []  # and the block and the place of the transaction
        self._waiting = 1
        self.submissions: list[Submission] = []
        self._opened = False

    # The root chain.

    def wait(self, seconds: int) -> None:
        """Moves time."""
        self.now += seconds
        self.rpc.call("evm_setNextBlockTimestamp", self.now)
        self.rpc.call("evm_mine")

    def call(self, sender: str, contract: str, function: str, *arguments: Any, value: int = 0) -> str | list[Any]:
        """Sends a transaction; returns its logs, or the name of the error it is refused with."""
        data = "0x" + self._encoded(contract, function, *arguments).hex()
        to = self.contracts[contract].address
        fields = {"from": sender, "to": to, "data": data, "value": hex(value), "gas": GAS}
        receipt = self.rpc.call("eth_sendTransactionSync", fields | {"gasPrice": "0x0"})
        if int(receipt["status"], 16) == 1:
            return list(receipt["logs"])
        (answer,) = self.rpc.batch([("eth_call", [fields, "latest"])])
        assert isinstance(answer, RpcError), answer
        assert answer.data, f"refused without a word: {answer.message}"
        return self._errors[answer.data[:4]]

    def deposit(self, sender: int, recipient: int, asset: str, amount: int) -> str:
        to, by = self.accounts[recipient].address, self.accounts[sender].address
        if asset == ETHER:
            logs = self.call(by, "vault", "depositEth", to, value=amount)
        else:
            logs = self.call(by, "vault", "depositToken", self.asset(TOKEN), to, amount)
        if isinstance(logs, str):
            return logs
        self.inbox.append(_sent(logs))
        return ""

    def submit(self, bent: bool) -> str:
        """Submits a checkpoint of the blocks since the last one."""
        last = self.submissions[-1].checkpoint if self.submissions else None
        start, head = last.end + 1 if last else 1, self.chain.head
        if bent:
            head.__dict__["leaf"] = replace(head.leaf, number=head.number + 1)
        checkpoint = Checkpoint(
            len(self.submissions) + 1,
            last.hash if last else NO_CHECKPOINT,
            start,
            head.number,
            self.chain.tree(start, head.number).root,
            self.chain.exit_tree.root(),
            len(self.chain.exits),
            len(self.chain.messages),
            head.state.root,
            keccak(b"data"),
            1,
        )
        digest = Domain(31337, self.contracts["root"].address).checkpoint_digest(checkpoint)
        signatures = b"".join(sign(digest, key) for key in self.keys[:QUORUM])
        refusal = self.call(self.operator.address, "root", "submitCheckpoint", checkpoint.abi(), signatures)
        if isinstance(refusal, str):
            return refusal
        self.submissions.append(Submission(checkpoint, self.now, (1 << QUORUM) - 1))
        return ""

    def freeze(self) -> str:
        digest = bytes(self.contracts["root"].functions.freezeDigest().call())
        return self.act("root", "freeze", b"".join(sign(digest, key) for key in self.keys[-2:]))

    def act(self, contract: str, function: str, *arguments: Any) -> str:
        """What anybody may do; returns the error's name, or nothing."""
        refusal = self.call(self.operator.address, contract, function, *arguments)
        return refusal if isinstance(refusal, str) else ""

    def start(self, number: int, epoch: int, by_receipt: bool, receipts: ItemTrie | None = None) -> str:
        """Starts an exit. `receipts`: of its block, if they are known."""
        exit_, height, index = self.burns[number]
        submission = self.submissions[epoch - 1]
        checkpoint = submission.checkpoint
        if not by_receipt:
            known = number < checkpoint.exit_count
            path = self.chain.exit_tree.path(number, checkpoint.exit_count) if known else ()
            return self.act("vault", "startExit", exit_.abi(), submission.abi(), list(path))
        block = self.chain.blocks[height]
        inside = checkpoint.start <= block.number <= checkpoint.end
        path = self.chain.tree(checkpoint.start, checkpoint.end).path(block.number - checkpoint.start) if inside else ()
        nodes = (receipts or ItemTrie(block.receipts)).proof(index)
        proof = ReceiptProof(BlockProof(submission, block.leaf, path), index, tuple(nodes))
        return self.act("vault", "startExitByReceipt", proof.abi(), 0)

    def challenge(self, epoch: int) -> str:
        """Says that a checkpoint's last leaf has a wrong number."""
        submission = self.submissions[epoch - 1]
        checkpoint = submission.checkpoint
        index = checkpoint.end - checkpoint.start
        path = self.chain.tree(checkpoint.start, checkpoint.end).path(index)
        proof = (submission.abi(), self.chain.blocks[checkpoint.end].leaf.abi(), index, list(path))
        return self.act("challenges", "proveWrongPlace", proof)

    def refund(self, index: int, final: int) -> str:
        submission = self.submissions[final - 1 if final else 0] if self.submissions else NO_SUBMISSION
        return self.act("vault", "refund", index + 1, self.inbox[index + 1].abi(), submission.abi())

    def escape(self, asset: str, owner: int, recipient: int, model: Model) -> str:
        """Shows what a balance was in the last final state; opens that first, when it can be."""
        if not self._opened and model.settled() and model.final:
            self._open(self.submissions[model.final - 1])
        holder, to = self.accounts[owner], self.accounts[recipient].address
        digest = bytes(
            self.contracts["escape"]
            .functions.escapeDigest(self.asset(asset), holder.address, holder.address, to)
            .call()
        )
        end = self.submissions[model.final - 1].checkpoint.end if model.final else 0
        state, signature = self.chain.blocks[end].state, sign(digest, holder)
        if asset == ETHER:
            nodes = state.account_proof(holder) if end else []
            return self.act("escape", "escapeEth", holder.address, to, nodes, signature)
        nodes = state.slot_proof(self.bridged, entry(holder.address, 0))
        return self.act("escape", "escapeToken", self.asset(TOKEN), holder.address, to, nodes, signature)

    def view(self) -> dict[Any, int]:
        """The numbers of the state that the model has too."""
        answers = self.rpc.batch([("eth_call", [call, "latest"]) for call in self._questions.values()])
        numbers = {name: int(answer, 16) for name, answer in zip(self._questions, answers, strict=True)}
        numbers["balance", ETHER] = int(self.rpc.call("eth_getBalance", self.contracts["vault"].address, "latest"), 16)
        return numbers

    # The plasma chain.

    def deliver(self, messages: list[int]) -> None:
        for index in messages:
            self.chain.deliver(self.inbox[index + 1])
            self._waiting += 1

    def burn(self, asset: str, owner: int, recipient: int, amount: int) -> None:
        by, to = self.accounts[owner].address, self.accounts[recipient].address
        exit_ = self.chain.burn(self.asset(asset), by, to, amount)
        self.burns.append((exit_, len(self.chain.blocks), self._waiting))
        self._waiting += 1

    def seal(self, balances: Balances) -> None:
        """A block with what waits, after which these are the balances."""
        for owner, account in enumerate(self.accounts):
            self.chain.put(account.address, Account(balances.get((ETHER, owner), 0), nonce=1))
        slots = {entry(self.accounts[owner].address, 0): balances.get((TOKEN, owner), 0) for owner in OWNERS}
        self.chain.put(self.bridged, Account(slots=slots, nonce=1, code_hash=keccak(b"token")))
        self.chain.seal()
        self._waiting = 0

    # Set-up.

    def asset(self, asset: str) -> str:
        return ETH if asset == ETHER else str(self.contracts["token"].address)

    def _open(self, submission: Submission) -> None:
        state = self.chain.blocks[submission.checkpoint.end].state
        assert self.act("escape", "open", submission.abi()) == ""
        assert self.act("escape", "proveContract", self.bridged, state.account_proof(self.bridged)) == ""
        self._opened = True

    def _deploy(self) -> None:
        operator = self.operator
        yes = operator.deploy(artifacts.load("YesVerifier"))["contractAddress"]
        root = self._add("root", "PlasmaRoot", RULES, operator.address)
        vault = self._add("vault", "PlasmaVault", root, CHILD_CHAIN_ID, WINDOW, FIRST_CAP)
        challenges = self._add("challenges", "PlasmaChallenges", root, vault, CHILD_CHAIN_ID)
        escape = self._add("escape", "PlasmaEscape", root, vault, yes, 1)
        token = self._add("token", "Token", TOKENS_EACH * len(OWNERS))
        functions = {name: contract.functions for name, contract in self.contracts.items()}
        operator.transact(functions["root"].connect(vault, challenges))
        operator.transact(functions["vault"].connect(escape))
        for key in self.keys:
            operator.transact(functions["root"].bond(key.address), BOND)
        operator.transact(functions["root"].proposeAuthorities([key.address for key in self.keys]))
        operator.transact(functions["root"].activateAuthorities())
        logs = self.call(operator.address, "vault", "listToken", token, FIRST_CAP)
        assert not isinstance(logs, str), logs
        self._listing = _sent(logs)
        self.bridged = str(functions["escape"].bridgedToken(token).call())
        for index, account in enumerate(self.accounts, start=1):
            self.rpc.call("anvil_setBalance", account.address, hex(ETHER_EACH))
            operator.transact(functions["token"].transfer(account.address, TOKENS_EACH))
            development_sender(self.web3, index).transact(functions["token"].approve(vault, 2**256 - 1))

    def _encoded(self, contract: str, function: str, *arguments: Any) -> bytes:
        """Calldata; web3 takes several times as long."""
        if (contract, function) not in self._types:
            entry_ = self.contracts[contract].get_function_by_name(function).abi
            types = [collapse_if_tuple(argument) for argument in entry_["inputs"]]
            self._types[contract, function] = keccak(text=f"{function}({','.join(types)})")[:4], types
        selector, types = self._types[contract, function]
        return selector + encode(types, arguments)

    def _add(self, name: str, contract: str, *arguments: Any) -> str:
        artifact = artifacts.load(contract)
        address = str(self.operator.deploy(artifact, *arguments)["contractAddress"])
        self.contracts[name] = artifact.at(self.web3, address)
        return address

    def _views(self) -> dict[Any, dict[str, str]]:
        """Calls by what they tell."""
        root = {"final": "finalEpoch", "frozen_until": "frozenUntil", "halted": "halted", "fault": "faultProven"}
        calls: dict[Any, tuple[str, str, list[Any]]] = {key: ("root", name, []) for key, name in root.items()}
        for asset in ASSETS:
            calls["held", asset] = ("vault", "held", [self.asset(asset)])
            calls["room", asset] = ("vault", "roomOf", [self.asset(asset)])
        for asset, owner in product(ASSETS, OWNERS):
            calls["claimable", asset, owner] = ("vault", "claimable", [self.asset(asset), self.accounts[owner].address])
        calls["balance", TOKEN] = ("token", "balanceOf", [self.contracts["vault"].address])
        return {
            key: {"to": self.contracts[name].address, "data": self.contracts[name].encode_abi(function, arguments)}
            for key, (name, function, arguments) in calls.items()
        }


def _sent(logs: list[Any]) -> Message:
    """The message that a transaction put into the inbox."""
    (log,) = [log for log in logs if bytes.fromhex(log["topics"][0][2:]) == MessageSent.topic()]
    return decode_as(MessageSent, log).message


@contextmanager
def running_bridge() -> Iterator[Bridge]:
    """All of it on a chain that ends with the block. Gas is free, so that balances are exact."""
    artifacts.compile_contracts()
    free = ("--gas-price", "0", "--block-base-fee-per-gas", "0", "--timestamp", str(START))
    with started(ChainSpec("bridge", 31337, 0), *free) as chain:
        rpc = Rpc(chain.url)
        try:
            yield Bridge(chain.web3, rpc)
        finally:
            rpc.close()
