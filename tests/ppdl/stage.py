"""The registry and its challenges on a chain, with bonded participants whose keys are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np
from eth_account import Account as Keys
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract

from offchain.artifacts import load
from offchain.ppdl.aggregation.lanes import Signed, chunk_tree, to_chunks
from offchain.ppdl.aggregation.messages import Domain, Header
from offchain.ppdl.inference.commitments import weight_hash
from offchain.units import ETHER
from tests.conftest import revert_data

GAS = 10_000_000
NOTHING = bytes(32)


@dataclass(frozen=True)
class Rules:
    """IPPDLRegistry.Rules; windows in seconds."""

    keys_window: int = 1_000
    seeds_window: int = 1_000
    upload_window: int = 2_000
    close_window: int = 1_000
    post_window: int = 2_000
    challenge_window: int = 3_000
    answer_window: int = 500
    header_window: int = 1_500
    tolerance: int = 10
    bond: int = 10 * ETHER + 1
    demand_fee: int = ETHER // 100


RULES = Rules()
SEEDS = RULES.keys_window
UPLOAD = SEEDS + RULES.seeds_window
CLOSE = UPLOAD + RULES.upload_window
CLOSED_BY = CLOSE + RULES.close_window
"""Seconds from the opening until a phase begins, and until it must be closed."""
UNBONDING = CLOSED_BY + RULES.post_window + RULES.challenge_window + 2 * RULES.answer_window + RULES.header_window + 1

Error = str | tuple[Any, ...] | bytes


def participant_keys(count: int) -> list[LocalAccount]:
    """The participants' keys, in the order in which they commit."""
    return [Keys.from_key(keccak(text=f"participant {number}")) for number in range(count)]


@dataclass
class Stage:
    """Both contracts, and who takes part."""

    web3: Web3
    registry: Contract
    challenges: Contract
    state: Signed
    first: Header
    keys: list[LocalAccount] = field(default_factory=list)

    @property
    def domain(self) -> Domain:
        return Domain(self.web3.eth.chain_id, self.registry.address)

    @property
    def now(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def request(self, method: str, *arguments: Any) -> Any:
        """What the node answers."""
        answer = self.web3.provider.make_request(method, list(arguments))  # type: ignore[arg-type]
        assert "error" not in answer, answer
        return answer["result"]

    def at(self, time: int) -> Stage:
        """Sets the time of the next block."""
        self.request("evm_setNextBlockTimestamp", hex(time))
        return self

    def wait_until(self, time: int) -> None:
        """Lets time pass."""
        self.at(time).request("evm_mine")

    def send(self, call: Any, by: LocalAccount | str, value: int = 0) -> Any:
        """Sends a call, which must succeed; returns its receipt."""
        sent = call.transact({"from": getattr(by, "address", by), "value": value, "gas": GAS})
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, 60, 0.002)
        assert receipt["status"] == 1, f"{call.fn_name} failed"
        return receipt

    def refuse(self, call: Any, error: Error, by: LocalAccount | str, value: int = 0, time: int | None = None) -> None:
        """Checks that a call fails with exactly this error."""
        fields = {"from": getattr(by, "address", by), "to": call.address, "value": hex(value), "gas": hex(GAS)}
        block = {"time": hex(time)} if time is not None else {}
        request = [fields | {"data": call._encode_transaction_data()}, "latest", {}, block]
        answer = self.web3.provider.make_request("eth_call", request)  # type: ignore[arg-type]
        assert "error" in answer, f"{call.fn_name} succeeded"
        assert bytes.fromhex(answer["error"].get("data", "0x")[2:]) == revert_data(error), call.fn_name

    def events(self, receipt: Any) -> list[tuple[str, dict[str, Any]]]:
        """Names and arguments of a transaction's events, of both contracts."""
        found = []
        for log in receipt["logs"]:
            contract = self.registry if log["address"] == self.registry.address else self.challenges
            event = contract.events[_event_name(contract, log["topics"][0])]().process_log(log)
            found.append((event["event"], dict(event["args"])))
        return found

    def fund(self, account: LocalAccount | str) -> None:
        """Gives an account ETH for its bond and gas."""
        self.request("anvil_setBalance", getattr(account, "address", account), hex(100 * RULES.bond))

    def join(self, key: LocalAccount, bond: int = RULES.bond) -> Any:
        """Funds an account and has it put a bond at stake."""
        self.fund(key)
        return self.send(self.registry.functions.join(), key, bond)

    def round(self) -> Any:
        """The current round, as the registry has it, by names."""
        return _named(self.registry, "current", self.registry.functions.current().call())

    def bond_of(self, key: LocalAccount) -> int:
        """What a participant has at stake."""
        return int(self.registry.functions.participantOf(key.address).call()[0])

    def reward_of(self, key: LocalAccount) -> int:
        """What an account can claim."""
        return int(self.registry.functions.rewardOf(key.address).call())


def random_state(weights: int, seed: int = 7) -> Signed:
    """A model with weights of every size: small ones, some at the ends of what 32 bits hold."""
    draw = np.random.default_rng(seed)
    state = draw.integers(-(1 << 21), 1 << 21, weights, dtype=np.int32)
    state[:4] = (2**31 - 1, -(2**31), 0, -1)
    return state


def genesis(state: Signed) -> Header:
    """Header 0 of a model."""
    root, hash_ = chunk_tree(to_chunks(state)).root, hash_of(state)
    return Header(0, NOTHING, 0, root, hash_, keccak(text="test set"), NOTHING, 1_000_000, 1 << 20, 1 << 20, True)


def hash_of(state: Signed) -> bytes:
    """A model's `weightHash`."""
    return weight_hash(state).to_bytes(32, "big")


def deployed(web3: Web3, weights: int, participants: int, rules: Rules = RULES) -> Stage:
    """Deploys the contracts, connects them and bonds the participants."""
    web3.provider.make_request("anvil_autoImpersonateAccount", [True])  # type: ignore[arg-type]
    deployer = web3.eth.accounts[0]
    state = random_state(weights)
    first = genesis(state)
    registry = deploy(web3, deployer, "PPDLRegistry", astuple(rules), first.values)
    t5 = deploy(web3, deployer, "PoseidonT5")
    challenges = deploy(web3, deployer, "PPDLChallenges", registry.address, weights, t5.address)
    stage = Stage(web3, registry, challenges, state, first)
    stage.send(registry.functions.connect(challenges.address), deployer)
    stage.keys = participant_keys(participants)
    for key in stage.keys:
        stage.join(key)
    return stage


def deploy(web3: Web3, deployer: str, name: str, *arguments: Any) -> Contract:
    """A contract, as the deployer's."""
    sent = load(name).factory(web3).constructor(*arguments).transact({"from": deployer, "gas": GAS})
    receipt = web3.eth.wait_for_transaction_receipt(sent, 60, 0.002)
    return load(name).at(web3, str(receipt["contractAddress"]))


def refuse_deployment(web3: Web3, name: str, error: Error, *arguments: Any) -> None:
    """Checks that a contract can't be deployed, with exactly this error."""
    data = load(name).factory(web3).constructor(*arguments).data_in_transaction
    request = [{"from": web3.eth.accounts[0], "data": data, "gas": hex(GAS)}, "latest"]
    answer = web3.provider.make_request("eth_call", request)  # type: ignore[arg-type]
    assert "error" in answer, f"{name} can be deployed"
    assert bytes.fromhex(answer["error"].get("data", "0x")[2:]) == revert_data(error)


def asked(contract: Contract, *calls: Any) -> list[Any]:
    """The results of calls, all asked at once."""
    with contract.w3.batch_requests() as batch:
        for call in calls:
            batch.add(call)
        return list(batch.execute())


def _event_name(contract: Contract, topic: bytes) -> str:
    (entry,) = [
        entry
        for entry in contract.abi
        if entry["type"] == "event" and contract.events[entry["name"]]().topic == Web3.to_hex(topic)
    ]
    return str(entry["name"])


def _named(contract: Contract, function: str, values: Sequence[Any]) -> dict[str, Any]:
    (entry,) = [entry for entry in contract.abi if entry["type"] == "function" and entry["name"] == function]
    return dict(zip([part["name"] for part in entry["outputs"][0]["components"]], values, strict=True))
