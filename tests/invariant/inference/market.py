"""The market on a chain of its own: every call comes a second after the one before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from web3 import Web3
from web3.contract import Contract
from web3.types import RPCEndpoint

from offchain.artifacts import describe_revert, load
from offchain.chains import ChainSpec, started
from offchain.ppdl.inference.market import ETH, Kind
from offchain.sender import unsigned
from tests.inference.stage import KEY, PRICE, RULES, weight_hash
from tests.invariant.inference.model import ASSETS, NODES, REQUESTERS, SUPPLY

GAS = 2_000_000


class Market:
    """Contracts and accounts; accounts by number."""

    def __init__(self, web3: Web3) -> None:
        self.web3 = web3
        self.accounts = [str(account) for account in web3.eth.accounts]
        chain, verifier = self._deploy("ModelList"), self._deploy("InferenceVerifier")
        self._do(chain.functions.append(weight_hash(0).to_bytes(32, "big")), 0)
        self.contract = self._deploy("InferenceMarket", RULES, chain.address, verifier.address)
        self.token = self._deploy("Token", SUPPLY * len(REQUESTERS))
        self.assets = dict(zip(ASSETS, (ETH, self.token.address), strict=True))
        for requester in REQUESTERS:
            self._do(self.token.functions.transfer(self.accounts[requester], SUPPLY), 0)
            self._do(self.token.functions.approve(self.contract.address, SUPPLY), requester)
        for node in NODES:
            self._do(self.contract.functions.join(KEY), node, RULES[2])
            for asset in self.assets.values():
                for kind in Kind:
                    self._do(self.contract.functions.setPrice(asset, kind, PRICE), node)
        self._snapshot = self._request("evm_snapshot")

    def reset(self) -> None:
        """Everything as deployed."""
        self._request("evm_revert", self._snapshot)
        self._snapshot = self._request("evm_snapshot")

    @property
    def now(self) -> int:
        """The time of the next call."""
        return int(self.web3.eth.get_block("latest")["timestamp"]) + 1

    def wait(self, seconds: int) -> None:
        """Lets time pass, so much until the next call."""
        self._request("evm_setNextBlockTimestamp", self.now + seconds - 1)
        self._request("evm_mine")

    def act(self, name: str, *arguments: Any, by: int, value: int = 0) -> str:
        """Makes a call; the name of the error that it fails with, empty if it doesn't."""
        call, time = self.contract.functions[name](*arguments), self.now
        fields = {"from": self.accounts[by], "value": hex(value), "gas": hex(GAS)} | unsigned(call)
        answer: dict[str, Any] = self.web3.provider.make_request(  # type: ignore[assignment]
            RPCEndpoint("eth_call"), [fields, "latest", {}, {"time": hex(time)}]
        )
        if "error" in answer:
            return describe_revert(bytes.fromhex(answer["error"]["data"][2:])).partition("(")[0]
        self._request("evm_setNextBlockTimestamp", time)
        self._do(call, by, value)
        return ""

    def view(self) -> dict[Any, int]:
        """All amounts: what the contract holds, owes and has at stake."""
        calls = self.contract.functions
        found: dict[Any, int] = {"sunk": calls.sunk().call()}
        found["held", "ether"] = self.web3.eth.get_balance(self.contract.address)
        found["held", "token"] = self.token.functions.balanceOf(self.contract.address).call()
        for node in NODES:
            found["bond", node], found["locked", node], *_ = calls.nodeOf(self.accounts[node]).call()
        for asset, address in self.assets.items():
            for owner in (*NODES, *REQUESTERS):
                found["claimable", asset, owner] = calls.claimable(address, self.accounts[owner]).call()
        return found

    def _deploy(self, name: str, *arguments: Any) -> Contract:
        sent = load(name).factory(self.web3).constructor(*arguments).transact({"from": self.accounts[0]})
        address = self.web3.eth.wait_for_transaction_receipt(sent, 60, 0.002)["contractAddress"]
        return load(name).at(self.web3, str(address))

    def _do(self, call: Any, by: int, value: int = 0) -> None:
        sent = call.transact({"from": self.accounts[by], "value": value, "gas": GAS})
        assert self.web3.eth.wait_for_transaction_receipt(sent, 60, 0.002)["status"] == 1

    def _request(self, method: str, *arguments: Any) -> Any:
        return self.web3.provider.make_request(RPCEndpoint(method), list(arguments))["result"]


@contextmanager
def running_market() -> Iterator[Market]:
    """A market for as long as the block runs."""
    with started(ChainSpec("invariant", 31337, 0)) as chain:
        yield Market(chain.web3)
