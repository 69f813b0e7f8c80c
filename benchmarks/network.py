"""What the bridge costs a plasma transaction, and how long money takes over it, on a network of four nodes.

Four processes, a root chain with a block a second whose blocks are final two later, a checkpoint every ten seconds, a
challenge period of ten seconds (the local rules): times are given in blocks, of which a real root chain has one in
twelve seconds, and finality is two epochs (64 to 95 blocks) instead of two blocks.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from offchain.artifacts import load
from offchain.chains import PLASMA, ROOT, Chain, ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.node import Node
from offchain.plasma.exits import Exits
from offchain.plasma.local import FUNDED, FUNDS, ROOT_FLAGS, deposit, local_network
from offchain.plasma.messages import BRIDGE
from offchain.plasma.root_chain import RootChain
from offchain.sender import development_account, development_sender
from offchain.units import ETHER

INTERVAL = 10.0
BATCH = 500
PATIENCE_SECONDS = 180
USER = 1


def measure(transfers: int) -> dict[str, Any]:
    """Transactions of a checkpoint, root gas of each, and blocks from deposit to mint and from burn to claim."""
    with tempfile.TemporaryDirectory() as name, started(ChainSpec("root", ROOT.chain_id, 0), *ROOT_FLAGS) as root_chain:
        manifest = Manifest.open(root_chain.chain_id, Path(name))
        spec = ChainSpec("plasma", PLASMA.chain_id, 0)
        with local_network(root_chain, manifest, spec, INTERVAL, rate=0) as network:
            root = RootChain(root_chain.web3, manifest)
            figures: dict[str, Any] = {
                "root_blocks_from_deposit_to_mint": deposited(root_chain, network.chain, manifest)
            }
            funds = {str(development_account(index).address): FUNDS for index in FUNDED}
            deposit(root_chain, network.chain, manifest, funds)
            figures |= checkpointed(root, network.chain, transfers)
            figures["root_blocks_from_burn_to_claim"] = exited(root, root_chain, network.chain)
            return figures


def deposited(root_chain: Chain, plasma: Chain, manifest: Manifest) -> int:
    """Root blocks from a deposit's own to the mint."""
    user = development_sender(root_chain.web3, USER)
    vault = manifest.contract(root_chain.web3, "plasma_vault").functions
    receipt = user.transact(vault.depositEth(user.address), ETHER)
    until(lambda: plasma.web3.eth.get_balance(user.address) or None)
    return Node(root_chain.web3).height() - int(receipt["blockNumber"])


def checkpointed(root: RootChain, plasma: Chain, transfers: int) -> dict[str, Any]:
    """Sends transfers as fast as they are taken, and looks at the checkpoints that they come into."""
    keys = [development_account(index) for index in FUNDED]
    receiver = development_account(5).address
    fields: dict[str, Any] = {"to": receiver, "value": 1, "gas": 21_000, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    first = [plasma.web3.eth.get_transaction_count(key.address) for key in keys]
    raws = []
    for place in range(transfers):
        key, nonce = keys[place % len(keys)], first[place % len(keys)] + place // len(keys)
        raws.append(key.sign_transaction(fields | {"nonce": nonce, "chainId": plasma.chain_id}).raw_transaction)
    session, begin = requests.Session(), plasma.web3.eth.block_number + 1
    for start in range(0, transfers, BATCH):
        calls = [
            {"jsonrpc": "2.0", "id": place, "method": "eth_sendRawTransaction", "params": ["0x" + bytes(raw).hex()]}
            for place, raw in enumerate(raws[start : start + BATCH])
        ]
        answers = session.post(plasma.url, json=calls, timeout=60).json()
        refused = [answer["error"] for answer in answers if "error" in answer]
        assert not refused, refused[0]
    last_key = keys[(transfers - 1) % len(keys)].address
    nonce = first[(transfers - 1) % len(keys)] + (transfers - 1) // len(keys) + 1
    until(lambda: plasma.web3.eth.get_transaction_count(last_key) >= nonce or None)
    end = plasma.web3.eth.block_number
    until(lambda: root.submission_of(end))
    numbers: list[dict[str, int]] = []
    for submission in root.submissions():
        checkpoint = submission.checkpoint
        if checkpoint.end < begin:
            continue
        blocks = range(checkpoint.start, checkpoint.end + 1)
        count = sum(len(plasma.web3.eth.get_block(number)["transactions"]) for number in blocks)
        numbers.append({"blocks": len(blocks), "transactions": count, "root_gas": gas_of(root, checkpoint.epoch)})
    fullest = max(numbers, key=lambda one: one["transactions"])
    return {
        "checkpoints": numbers,
        "transactions_per_checkpoint": fullest["transactions"],
        "root_gas_per_transaction": round(fullest["root_gas"] / fullest["transactions"], 1),
    }


def exited(root: RootChain, root_chain: Chain, plasma: Chain) -> int:
    """Root blocks from a burn to the payout, every step taken as soon as it is due."""
    user, payer = development_sender(root_chain.web3, USER), development_sender(root_chain.web3, 0)
    begin = Node(root_chain.web3).height()
    bridge = load("PlasmaBridge").at(plasma.web3, BRIDGE).functions
    development_sender(plasma.web3, USER).transact(bridge.exitEth(user.address), ETHER)
    exits = Exits(root, Node(plasma.web3))
    until(lambda: "paid" in [what for _, what in exits.advance(payer, user.address)] or None)
    return Node(root_chain.web3).height() - begin


def gas_of(root: RootChain, epoch: int) -> int:
    """What the submission of a checkpoint used."""
    logs = root.root.events.CheckpointSubmitted().get_logs(argument_filters={"epoch": epoch}, from_block=0)
    return int(root.node.web3.eth.get_transaction_receipt(logs[-1]["transactionHash"])["gasUsed"])


def until(what: Callable[[], Any]) -> Any:
    """What a function gives as soon as it isn't None."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := what()) is None:
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.2)
    return found
