"""A node's raw answers, without web3's formatting: ten thousand logs are read in a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import requests
from web3 import HTTPProvider, Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError, Web3Exception
from web3.types import BlockIdentifier, RPCEndpoint

from offchain.errors import UserError


class NodeError(UserError):
    """Says in one line why a node's answer can't be had, or used."""


class NodeRefusal(NodeError):
    """The node answered, with an error."""


@dataclass(frozen=True)
class Node:
    """A node that web3 is connected to."""

    web3: Web3

    def call(self, method: str, *parameters: Any) -> Any:
        """The result of a call. Raises NodeRefusal for an error of the node's, NodeError if there is no answer."""
        try:
            answer = self.web3.provider.make_request(RPCEndpoint(method), list(parameters))
        except (requests.RequestException, Web3Exception, OSError, ValueError) as error:
            raise NodeError(f"the node doesn't answer ({in_short(error)}): is it running?") from error
        if answer.get("error"):
            error_data: Any = answer["error"]
            message = error_data.get("message") if isinstance(error_data, dict) else error_data
            raise NodeRefusal(f"the node refused {method}: {message}")
        return answer.get("result")

    def call_all(self, method: str, parameters: Sequence[Sequence[Any]]) -> list[Any]:
        """The results of calls that are sent together, in order. Raises as `call`."""
        try:
            asked = [(RPCEndpoint(method), list(given)) for given in parameters]
            answers = cast(HTTPProvider, self.web3.provider).make_batch_request(asked)
        except (requests.RequestException, Web3Exception, OSError, ValueError) as error:
            raise NodeError(f"the node doesn't answer ({in_short(error)}): is it running?") from error
        if not isinstance(answers, list) or len(answers) != len(parameters):
            raise NodeRefusal(f"the node refused {len(parameters)} calls of {method} at once")
        if any("error" in answer for answer in answers):
            raise NodeRefusal(f"the node refused {method}: {next(one['error'] for one in answers if 'error' in one)}")
        return [answer["result"] for answer in answers]

    def ask(self, function: ContractFunction, block: BlockIdentifier = "latest") -> Any:
        """What a contract's view returns. Raises NodeError if there is no answer, or the contract refuses."""
        try:
            return function.call(block_identifier=block)
        except ContractLogicError as error:
            raise NodeRefusal(f"{function.fn_name} was refused: {error}") from error
        except (requests.RequestException, Web3Exception, OSError, ValueError) as error:
            raise NodeError(
                f"the node doesn't answer {function.fn_name} ({in_short(error)}): is it running?"
            ) from error

    def chain_id(self) -> int:
        """The chain's EIP-155 id."""
        return int(self.call("eth_chainId"), 16)

    def height(self) -> int:
        """Number of the latest block."""
        return int(self.call("eth_blockNumber"), 16)

    def time(self) -> int:
        """The time of the next block, in Unix seconds: chains may mine only when something waits."""
        block = self.call("eth_getBlockByNumber", "pending", False) or self.call(
            "eth_getBlockByNumber", "latest", False
        )
        return int(block["timestamp"], 16)

    def block(self, number: int) -> dict[str, Any] | None:
        """A block's header, None if there is none of that number."""
        found: dict[str, Any] | None = self.call("eth_getBlockByNumber", hex(number), False)
        return found

    def block_hash(self, number: int) -> str | None:
        """A block's hash, None if there is none of that number."""
        block = self.block(number)
        return None if block is None else str(block["hash"])

    def logs(self, addresses: Sequence[str], first: int, last: int) -> list[dict[str, Any]]:
        """All logs of the contracts in a range of blocks."""
        wanted = {"address": list(addresses), "fromBlock": hex(first), "toBlock": hex(last)}
        found: list[dict[str, Any]] = self.call("eth_getLogs", wanted)
        return found

    def first_block_since(self, time: int, guess: int = 0) -> int:
        """The first block at a Unix time or later; the one after the latest if there is none yet. A right guess, as
        from the last time it was asked for, spares the search."""
        if guess and self._is_since(guess, time) and not self._is_since(guess - 1, time):
            return guess
        low, high = 0, self.height() + 1
        while low < high:
            middle = (low + high) // 2
            if self._is_since(middle, time):
                high = middle
            else:
                low = middle + 1
        return low

    def _is_since(self, number: int, time: int) -> bool:
        """Whether there is such a block, at a Unix time or later."""
        block = self.block(number)
        return block is not None and int(block["timestamp"], 16) >= time

    def first_block_with_code(self, address: str) -> int:
        """The block of a contract's deployment; 0 if the node doesn't remember, so that nothing is missed."""
        low, high = 0, self.height()
        try:
            while low < high:
                middle = (low + high) // 2
                if self.call("eth_getCode", address, hex(middle)) in ("0x", None):
                    low = middle + 1
                else:
                    high = middle
        except NodeRefusal:
            return 0
        return low


def in_short(error: Exception) -> str:
    """Why there is no answer: the kind of a failed connection, else what the error says."""
    return type(error).__name__ if isinstance(error, requests.RequestException) else str(error)
