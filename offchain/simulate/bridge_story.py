"""Money over the bridge and back: deposit on the root chain, trade on the plasma chain, checkpoint, proof, exit.

Four authorities run, each a process of its own, and every step is a real transaction. What it took is counted in
blocks: of the root chain, one a second here, and of the plasma chain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from eth_utils.crypto import keccak

from offchain.artifacts import load
from offchain.chains import PLASMA, ROOT, Chain, ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.errors import UserError
from offchain.exchange import Market
from offchain.node import Node
from offchain.plasma.checkpoint import Submission
from offchain.plasma.exits import Exits, Stage
from offchain.plasma.local import ROOT_FLAGS, fund, local_network
from offchain.plasma.messages import BRIDGE
from offchain.plasma.prover import Prover, read_leaves
from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender, development_account, development_sender
from offchain.units import ETHER, shown
from offchain.wallet.note import ETH

OPERATOR, BUYER = 0, 1
MICROGRID = "MG1"
DEPOSITED, SPENT, EXITED = 100 * ETHER, ETHER, 5 * ETHER
INTERVAL = 3.0
PATIENCE_SECONDS = 120
PURCHASE = keccak(text="TokenPurchase(address,uint256,uint256)")


class BridgeStoryError(UserError):
    """Says in one line what didn't happen."""


@dataclass
class BridgeStory:
    """The story on chains of its own, which run while it is entered. `run` yields what it is at; the rest is for the
    report."""

    folder: Path
    lines: list[tuple[str, str]] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> BridgeStory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self) -> Iterator[str]:
        """Goes through it. Raises UserError if something fails."""
        yield "root chain, four authorities"
        root_chain = self._stack.enter_context(started(ChainSpec("root", ROOT.chain_id, 0), *ROOT_FLAGS))
        manifest = Manifest.open(root_chain.chain_id, self.folder)
        spec = ChainSpec("plasma", PLASMA.chain_id, 0)
        plasma = self._stack.enter_context(local_network(root_chain, manifest, spec, INTERVAL)).chain
        root = RootChain(root_chain.web3, manifest)
        yield "deposits"
        self._deposit(root_chain, plasma, manifest)
        yield "market on the plasma chain"
        market = self._market(plasma)
        yield "trade"
        trade = self._trade(plasma, market)
        yield "checkpoint"
        submission = self._checkpoint(root, plasma, trade)
        yield "proof"
        self._prove(root, plasma, submission, trade)
        yield "exit"
        self._exit(root_chain, root, plasma)

    def _deposit(self, root_chain: Chain, plasma: Chain, manifest: Manifest) -> None:
        root, before = Node(root_chain.web3), Node(root_chain.web3).height()
        fund(root_chain, plasma, manifest, (OPERATOR, BUYER), DEPOSITED)
        blocks = root.height() - before
        self.lines.append(("deposited", f"2 x {shown(DEPOSITED)} ETH; minted {blocks} root blocks later"))
        held = plasma.web3.eth.get_balance(development_account(BUYER).address)
        self.checks["the buyer has on the plasma chain what was deposited for it"] = held == DEPOSITED

    def _market(self, plasma: Chain) -> Market:
        operator = development_sender(plasma.web3, OPERATOR)
        manifest = Manifest.open(plasma.chain_id, self.folder)
        for _ in PlatformDeployment(operator, manifest, operator.address).run():
            pass
        return Market(plasma.web3, manifest)

    def _trade(self, plasma: Chain, market: Market) -> dict[str, Any]:
        operator, buyer = (development_sender(plasma.web3, index) for index in (OPERATOR, BUYER))
        market.admit(operator, MICROGRID, buyer.address)
        exchange = market.exchange(MICROGRID)
        receipt = buyer.transact(exchange.functions.ethToTokenSwapInput(1, market.deadline()), SPENT)
        bought = market.token(MICROGRID).functions.balanceOf(buyer.address).call()
        trade = f"{shown(SPENT)} ETH for {shown(bought)} kWh in plasma block {receipt['blockNumber']}"
        self.lines.append(("traded", trade))
        return {"receipt": receipt, "bought": bought, "exchange": exchange.address, "buyer": buyer.address}

    def _checkpoint(self, root: RootChain, plasma: Chain, trade: dict[str, Any]) -> Submission:
        number = int(trade["receipt"]["blockNumber"])
        submission: Submission = _wait(lambda: root.submission_of(number), "the trade's block came into no checkpoint")
        checkpoint, members = submission.checkpoint, root.authorities()
        signers = [one for seat, one in enumerate(members) if submission.signers >> seat & 1]
        blocks = f"{checkpoint.epoch}: blocks {checkpoint.start} to {checkpoint.end}, signed by"
        self.lines.append(("checkpoint", blocks))
        self.lines += [("", one) for one in signers]
        self.checks["a quorum signed the checkpoint"] = len(signers) >= root.quorum()
        return submission

    def _prove(self, root: RootChain, plasma: Chain, submission: Submission, trade: dict[str, Any]) -> None:
        node, checkpoint = Node(plasma.web3), submission.checkpoint
        prover = Prover(node, submission, read_leaves(node, checkpoint.start, checkpoint.end), plasma.chain_id)
        proof = prover.receipt(bytes(trade["receipt"]["transactionHash"]))
        place = next(at for at, log in enumerate(trade["receipt"]["logs"]) if bytes(log["topics"][0]) == PURCHASE)
        (emitter, topics, _), _ = root.inclusion.functions.verifyLog(proof.abi(), place).call()
        eth, bought = (int.from_bytes(bytes(topic), "big") for topic in topics[2:4])
        size = len(root.inclusion.encode_abi("verifyLog", [proof.abi(), place])) // 2 - 1
        self.lines.append(("proven", f"on the root chain: {shown(eth)} ETH for {shown(bought)} kWh; {size:,} bytes"))
        told = (emitter, eth, bought) == (trade["exchange"], SPENT, trade["bought"])
        self.checks["the root chain was shown the same trade"] = told

    def _exit(self, root_chain: Chain, root: RootChain, plasma: Chain) -> None:
        buyer = development_sender(root_chain.web3, BUYER)
        bridge = load("PlasmaBridge").at(plasma.web3, BRIDGE).functions
        before, first = root_chain.web3.eth.get_balance(buyer.address), Node(root_chain.web3).height()
        development_sender(plasma.web3, BUYER).transact(bridge.exitEth(buyer.address), EXITED)
        exits = Exits(root, Node(plasma.web3))
        payer = development_sender(root_chain.web3, OPERATOR)
        _wait(lambda: self._paid(exits, payer, buyer.address), "the exit wasn't paid")
        blocks = Node(root_chain.web3).height() - first
        paid = root_chain.web3.eth.get_balance(buyer.address) - before
        self.lines.append(("exited", f"{shown(paid)} ETH, burned, proven, final and paid within {blocks} root blocks"))
        self.checks["the exit paid what was burned, and nobody else's ETH"] = (
            paid == EXITED and root.vault.functions.held(ETH).call() == 2 * DEPOSITED - EXITED
        )

    def _paid(self, exits: Exits, payer: Sender, recipient: str) -> bool | None:
        steps = [what for _, what in exits.advance(payer, recipient)]
        released = all(state.stage is Stage.RELEASED for state in exits.of(recipient))
        return True if released and "paid" in steps else None


def _wait(what: Callable[[], Any], otherwise: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = what()
        if found is not None:
            return found
        time.sleep(0.3)
    raise BridgeStoryError(otherwise)
