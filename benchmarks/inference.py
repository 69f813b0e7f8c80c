"""Gas of the market for forecasts, with a real proof: recorded once, then sent again byte for byte.

A proof is random, and calldata's gas depends on its bytes; so it is kept (`snapshots/inference_proof.json`, written by
`gas.py --update`). Node and requester have used the market before: what an operation adds to isn't zero.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from web3.contract import Contract
from web3.types import RPCEndpoint

from benchmarks.shielded import GENESIS, fresh_chain
from offchain.artifacts import load
from offchain.sender import Sender, development_account, key_sender
from offchain.units import ETHER
from offchain.zk.circuits import CIRCUITS, PARAMETERS
from offchain.zk.prover import prove

RECORDING = Path(__file__).parent / "snapshots" / "inference_proof.json"
ETH = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
DISPUTE_WINDOW, PROOF_WINDOW = 3_600, 1_800
RULES = (DISPUTE_WINDOW, PROOF_WINDOW, 10 * ETHER, ETHER, ETHER // 5)
DISPUTABLE, PROVEN = 1, 2
PAYMENT = ETHER // 100
NODE, REQUESTER = 1, 2
FEATURES_BYTES = 140
"""Of a sealed request: 60 bytes of features, a salt, and what the box adds."""


def example() -> dict[str, Any]:
    """The circuit's inputs of a model and a request."""
    chance = random.Random("inference")
    lanes = (PARAMETERS.model_inputs + 1) * PARAMETERS.first_layer
    lanes += (PARAMETERS.first_layer + 1) * PARAMETERS.second_layer + PARAMETERS.second_layer + 1
    return {
        "node": int(development_account(NODE).address, 16),
        "weights": [chance.randrange(-1500, 1500) for _ in range(lanes)],
        "features": [chance.randrange(-500, 500) for _ in range(PARAMETERS.model_inputs)],
        "salt": chance.randrange(2**250),
    }


def record() -> None:
    """Proves the example anew and keeps the proof."""
    made = prove("inference", example())
    content = {"proof": [str(number) for number in made.proof.numbers], "signals": [str(one) for one in made.signals]}
    RECORDING.write_text(json.dumps(content, indent=0) + "\n")


class Bench:
    """A market on a chain of one model, and the gas of what is done there."""

    def __init__(self, senders: list[Sender]) -> None:
        content = json.loads(RECORDING.read_text())
        numbers = [int(number) for number in content["proof"]]
        self.proof = (numbers[:2], [numbers[2:4], numbers[4:6]], numbers[6:])
        self.signals = [int(one) for one in content["signals"]]
        names = CIRCUITS["inference"].public_names
        self.named = dict(zip(names, self.signals, strict=True))
        self.senders = senders
        chain = self._deployed("ModelList")
        verifier = self._deployed("InferenceVerifier")
        senders[0].transact(chain.functions.append(self.named["weightHash"].to_bytes(32, "big")))
        self.market = self._deployed("InferenceMarket", RULES, chain.address, verifier.address)
        self.calls = self.market.functions
        self.send(NODE, self.calls.join(b"\7" * 32), 10 * ETHER)
        for kind in (DISPUTABLE, PROVEN):
            self.send(NODE, self.calls.setPrice(ETH, kind, PAYMENT))

    def _deployed(self, name: str, *arguments: Any) -> Contract:
        address = str(self.senders[0].deploy(load(name), *arguments)["contractAddress"])
        return load(name).at(self.senders[0].web3, address)

    def send(self, by: int, call: Any, value: int = 0) -> int:
        """The gas it used."""
        return int(self.senders[by].transact(call, value)["gasUsed"])

    def request(self, kind: int) -> int:
        """The gas of a request, encrypted to the node."""
        node = self.senders[NODE].address
        order = (kind, True, 0, GENESIS + 10**9, node, ETH, PAYMENT, self.named["featuresHash"])
        return self.send(REQUESTER, self.calls.request(order, b"\xa5" * FEATURES_BYTES), PAYMENT)

    def answer(self, number: int) -> int:
        """The gas of a disputable answer."""
        names = ("featuresHash", "answerHash", "ciphertext")
        return self.send(NODE, self.calls.answer(number, 0, *(self.named[name] for name in names)))

    def wait(self, seconds: int) -> None:
        """Lets time pass."""
        request = self.senders[0].web3.provider.make_request
        request(RPCEndpoint("evm_increaseTime"), [seconds])
        request(RPCEndpoint("evm_mine"), [])

    def run(self) -> dict[str, int]:
        """Each operation for the first time, and then as it is measured."""
        for round_ in range(2):
            first = 4 * round_
            gas = {"inference_request": self.request(PROVEN)}
            proven = self.calls.answerProven(first, 0, self.proof, self.signals)
            gas["inference_proven"] = self.send(NODE, proven)
            for _ in range(3):
                self.request(DISPUTABLE)
            gas["inference_answer"] = max(self.answer(first + place) for place in (1, 2, 3))
            gas["inference_dispute"] = self.send(REQUESTER, self.calls.dispute(first + 1), RULES[-1])
            gas["inference_prove"] = self.send(NODE, self.calls.prove(first + 1, self.proof, self.signals))
            self.send(REQUESTER, self.calls.dispute(first + 2), RULES[-1])
            self.wait(DISPUTE_WINDOW + 1)
            gas["inference_convict"] = self.send(REQUESTER, self.calls.convict(first + 2))
            gas["inference_collect"] = self.send(NODE, self.calls.collect(first + 3))
            self.send(NODE, self.calls.join(b"\7" * 32), ETHER)
        return gas


def measure() -> dict[str, int]:
    """Gas by operation. Raises TransactionError if the recording no longer fits contracts or keys."""
    with fresh_chain() as web3:
        return Bench([key_sender(web3, development_account(index)) for index in range(3)]).run()
