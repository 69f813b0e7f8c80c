"""What the plasma chain's tests share: a genesis file, signed transfers, and an operator in a process of its own that
can be made to die at a chosen point."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

from offchain.guard import die_with_guard
from offchain.plasma import engine, service
from offchain.plasma.engine import AnvilEngine, Block
from offchain.plasma.genesis import Genesis
from offchain.plasma.log import Log
from offchain.plasma.proxy import Access
from offchain.plasma.service import run_leader, run_remote, run_replica
from offchain.units import ETHER

CHAIN_ID = 950327
ACCOUNTS: list[LocalAccount] = [Account.from_key(bytes([number]) * 32) for number in range(1, 7)]
ECHO = "0x0000000000000000000000000000000000000700"
"""A contract that logs one topic, 0x2a."""

ECHO_CODE = "0x602a60006000a100"
FAULT_STATUS = 77


def write_genesis(folder: Path, age: int = 30, gas_limit: int = 10**9) -> Path:
    """A chain on which six accounts hold 1,000 ETH each; its genesis block is `age` seconds old."""
    accounts: dict[str, dict[str, Any]] = {one.address: {"balance": hex(1000 * ETHER)} for one in ACCOUNTS}
    accounts[ECHO] = {"balance": "0x0", "code": ECHO_CODE}
    path = folder / "genesis.json"
    Genesis(CHAIN_ID, int(time.time()) - age, f"0x{7:040x}", gas_limit, accounts=accounts).write(path)
    return path


def transfer(sender: int, nonce: int, **changes: Any) -> bytes:
    """A signed transfer of 1 wei between two of the accounts."""
    fields: dict[str, Any] = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": ACCOUNTS[sender - 1].address}
    fields |= {"value": 1, "gas": 50_000, "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 0}
    return bytes(ACCOUNTS[sender].sign_transaction(fields | changes).raw_transaction)


def hash_of(raw: bytes) -> bytes:
    """A transaction's hash."""
    return bytes(Web3.keccak(raw))


@dataclass(frozen=True)
class Fault:
    """A point, passed for the `count`th time, at which the process dies without warning: `write` (nothing written),
    `half` (half a frame written), `written` (not synced), `synced`, `admitted` (by the engine, not written) or
    `sealed` (by the engine, not written)."""

    point: str
    count: int


class _Dying:
    def __init__(self, fault: Fault) -> None:
        self._point, self._left = fault.point, fault.count

    def at(self, point: str) -> bool:
        """Whether this is the moment."""
        self._left -= point == self._point
        return point == self._point and self._left == 0

    def die_at(self, point: str) -> None:
        if self.at(point):
            os._exit(FAULT_STATUS)


def _install(fault: Fault) -> None:
    dying = _Dying(fault)

    class DyingLog(Log):
        def _write(self, data: bytes) -> None:
            dying.die_at("write")
            if dying.at("half"):
                super()._write(data[: len(data) // 2])
                os._exit(FAULT_STATUS)
            super()._write(data)
            dying.die_at("written")

        def _sync(self) -> None:
            super()._sync()
            dying.die_at("synced")

    class DyingEngine(AnvilEngine):
        async def submit(self, raws: Any) -> Any:
            outcomes = await super().submit(raws)
            dying.die_at("admitted")
            return outcomes

        async def seal(self, timestamp: int) -> Block:
            block = await super().seal(timestamp)
            dying.die_at("sealed")
            return block

    vars(service).update(Log=DyingLog)
    vars(engine).update(AnvilEngine=DyingEngine)


def _of_these_tests(target: Any, ready: Any) -> None:
    """Runs something that doesn't outlive the tests."""
    if sys.platform == "linux":
        die_with_guard()
    target(ready=ready)


class Process:
    """A process that runs a leader or a replica. It may be killed."""

    def __init__(self, target: Any, *sockets: socket.socket) -> None:
        context = multiprocessing.get_context("fork")
        self._ready = context.Event()
        self.urls = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets]
        self._process = context.Process(target=_of_these_tests, args=(target, self._ready.set))
        self._process.start()
        for one in sockets:
            one.close()  # so that a dead process's clients notice
        self.is_ready()

    @property
    def url(self) -> str:
        """Of the public endpoint."""
        return self.urls[0]

    def is_ready(self) -> bool:
        """Waits until it can be used; false if it died before."""
        while not self._ready.wait(0.02):
            if not self._process.is_alive():
                return False
        return True

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def wait(self) -> int | None:
        """Its exit status, once it has ended."""
        self._process.join(20)
        return self._process.exitcode

    def kill(self) -> None:
        """Kill -9."""
        self._end(signal.SIGKILL)

    def end(self) -> None:
        """Ends it as a service manager does."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, number)
        self._process.join(20)


def _lead(
    folder: Path, genesis: Path, fault: Fault | None, access: Access, rpc: Any, blocks: Any, *, ready: Any
) -> None:
    if fault:
        _install(fault)
    run_leader(folder, genesis, rpc, blocks, lambda leader, waiting: ready(), access)


def _follow(folder: Path, genesis: Path, leader: str, rpc: Any, *, ready: Any) -> None:
    run_replica(folder, genesis, leader, lambda replica: ready(), rpc)


def start_leader(folder: Path, genesis: Path, fault: Fault | None = None, access: Access | None = None) -> Process:
    """A leader; `urls` are those of its endpoint and of its feed."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    granted = access or Access(per_minute=None)
    return Process(partial(_lead, folder, genesis, fault, granted, *sockets), *sockets)


def start_replica(folder: Path, genesis: Path, leader: str) -> Process:
    """A replica of the leader whose feed is at a URL."""
    rpc = socket.create_server(("127.0.0.1", 0))
    return Process(partial(_follow, folder, genesis, leader, rpc), rpc)


def _pass_on(node: str, rpc: Any, *, ready: Any) -> None:
    run_remote(node, lambda chain: ready(), rpc, Access(per_minute=None))


def start_proxy(node: str) -> Process:
    """A public endpoint of the node at a URL."""
    rpc = socket.create_server(("127.0.0.1", 0))
    return Process(partial(_pass_on, node, rpc), rpc)


@contextmanager
def leading(folder: Path, genesis: Path, access: Access | None = None) -> Iterator[Process]:
    """A leader for the length of a block."""
    process = start_leader(folder, genesis, access=access)
    try:
        yield process
    finally:
        process.end()


class Client:
    """A client of a public endpoint that knows nothing of JSON-RPC libraries."""

    def __init__(self, url: str) -> None:
        self.url, self._session = url, requests.Session()

    def post(self, body: bytes | str) -> tuple[int, Any]:
        """Status and JSON of an answer, None if it has no body."""
        answer = self._session.post(self.url, data=body, timeout=30)
        return answer.status_code, json.loads(answer.content) if answer.content else None

    def ask(self, method: str, *parameters: Any) -> Any:
        """The whole answer to a call."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        status, answer = self.post(json.dumps(body))
        assert status == 200
        return answer

    def call(self, method: str, *parameters: Any) -> Any:
        """The result of a call."""
        answer = self.ask(method, *parameters)
        assert "error" not in answer, answer
        return answer["result"]

    def refusal(self, method: str, *parameters: Any) -> dict[str, Any]:
        """The error of a call."""
        error: dict[str, Any] = self.ask(method, *parameters)["error"]
        return error

    def send(self, raw: bytes) -> str:
        """Sends a transaction; returns its hash."""
        return str(self.call("eth_sendRawTransaction", f"0x{raw.hex()}"))

    def receipt(self, sent: str) -> dict[str, Any]:
        """The receipt of a transaction, once it is in a block."""
        for _ in range(200):
            found: dict[str, Any] | None = self.call("eth_getTransactionReceipt", sent)
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{sent} is in no block")
