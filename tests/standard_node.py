"""A node as Hyperledger Besu gives it to its operator: it seals by itself, answers standard methods alone, and shows
blocks as QBFT's validators seal them. Behind it is an Anvil; several nodes in front of one have the same chain."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
import rlp
from eth_utils.crypto import keccak

from offchain.plasma.blocks import QUANTITY, told_field
from offchain.plasma.qbft import MIX_HASH
from tests.unit.plasma import NAMES

BESU_METHODS = {f"eth_{name}" for name in ("blockNumber", "call", "chainId", "estimateGas", "feeHistory", "gasPrice")}
BESU_METHODS |= {f"eth_get{name}" for name in ("Balance", "BlockByNumber", "BlockReceipts", "Code", "Logs", "Proof")}
BESU_METHODS |= {f"eth_get{name}" for name in ("StorageAt", "TransactionByHash", "TransactionCount")}
BESU_METHODS |= {"eth_getTransactionReceipt", "eth_maxPriorityFeePerGas", "eth_sendRawTransaction", "eth_syncing"}
BESU_METHODS |= {"net_version", "web3_clientVersion"}
"""What Besu's APIs ETH, NET and WEB3 have (its RpcMethod), as far as Anvil has it as well, and it takes no block's hash
that would have to be translated."""

QUANTITIES = {
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "baseFeePerGas",
    "blobGasUsed",
    "excessBlobGas",
}
VALIDATORS = [bytes([0x40 + place]) * 20 for place in range(4)]


class Behind:
    """The Anvil at a URL; its blocks are asked for once."""

    def __init__(self, url: str) -> None:
        self._lock, self._session, self._url = threading.Lock(), requests.Session(), url
        self._blocks: dict[tuple[str, bool], dict[str, Any]] = {}

    def ask(self, method: str, *parameters: Any) -> dict[str, Any]:
        """The answer to a call: a result or an error."""
        known = parameters if method == "eth_getBlockByNumber" and parameters[0].startswith("0x") else None
        with self._lock:
            if known in self._blocks:
                return {"result": self._blocks[known]}
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
            answer: dict[str, Any] = self._session.post(self._url, json=body, timeout=30).json()
            if known and answer.get("result"):
                self._blocks[known] = answer["result"]
        return answer


@dataclass
class StandardNode:
    """One validator's node. `refused` are methods that were asked for and that Besu doesn't have; `down`: it doesn't
    answer; `false_from`: from this block on another chain is told, whose hashes are right; `lies`: fields of each block
    that are told differently, though the hash stays."""

    behind: Behind
    place: int
    url: str = ""
    refused: list[str] = field(default_factory=list)
    down: bool = False
    false_from: int | None = None
    lies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._hashes: list[str] = []

    def diverge(self, number: int | None) -> None:
        """From a block on another chain, or the honest one again."""
        with self._lock:
            self.false_from, self._hashes = number, []

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        """The answer to a call."""
        reply = {"jsonrpc": "2.0", "id": call["id"]}
        if call["method"] not in BESU_METHODS:
            self.refused.append(call["method"])
            return reply | {"error": {"code": -32601, "message": "Method not found"}}
        found = self.behind.ask(call["method"], *call["params"])
        if "error" in found:
            return reply | {"error": found["error"]}
        if call["method"] == "eth_getBlockByNumber" and found["result"]:
            with self._lock:
                block = self._sealed(found["result"])
            return reply | {"result": block | (self.lies if int(block["number"], 16) else {})}
        return reply | {"result": found["result"]}

    def _sealed(self, block: dict[str, Any]) -> dict[str, Any]:
        """A block of the Anvil's as the validators seal it; those before it must be sealed first."""
        number = int(block["number"], 16)
        while len(self._hashes) < number:
            before = self.behind.ask("eth_getBlockByNumber", hex(len(self._hashes)), False)["result"]
            self._hashes.append(self._as_qbft(before)["hash"])
        return self._as_qbft(block)

    def _as_qbft(self, block: dict[str, Any]) -> dict[str, Any]:
        """With the parent's hash as it is sealed, a round and seals of this node, and the hash by Besu's rule."""
        number = int(block["number"], 16)
        if number == 0:
            return block
        told = block | {"parentHash": self._hashes[number - 1], "mixHash": "0x" + MIX_HASH.hex()}
        if self.false_from is not None and number >= self.false_from:
            told["stateRoot"] = "0x" + keccak(number.to_bytes(8, "big")).hex()
        fixed: list[Any] = [bytes(32), VALIDATORS, []]
        names = [name for name in NAMES if told.get(name) is not None]
        fields = [told_field(told, name, QUANTITY if name in QUANTITIES else -1) for name in names]
        fields[12] = rlp.encode([*fixed, 0, []])
        seals = [keccak(bytes([self.place, number % 256, one])) * 2 + b"\0" for one in range(3)]
        shown = rlp.encode([*fixed, (number + self.place) % 3, seals])
        return told | {"extraData": "0x" + shown.hex(), "hash": "0x" + keccak(rlp.encode(fields)).hex()}


@contextmanager
def standard_node(behind: Behind, place: int) -> Iterator[StandardNode]:
    """Serves a node in front of an Anvil."""
    node = StandardNode(behind, place)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if node.down:
                self.close_connection = True
                return
            batch = [node.answer(call) for call in (asked if isinstance(asked, list) else [asked])]
            body = json.dumps(batch if isinstance(asked, list) else batch[0]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    node.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
