"""Brings the root chain's messages to the plasma chain: deposits, listed tokens, forced calls, in the inbox's order,
each once. Only messages of finalised root blocks are taken, so none is taken back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from eth_account.signers.local import LocalAccount

from offchain.artifacts import load
from offchain.errors import UserError
from offchain.node import Node
from offchain.plasma.checkpoint_maker import CheckpointMaker
from offchain.plasma.messages import BRIDGE, Message, MessageKind
from offchain.plasma.root_chain import RootChain
from offchain.sender import unsigned

MOST_BYTES = 65_536
"""Bytes of the messages of one delivery: a leader takes transactions of twice as many."""

MOST_GAS = 90_000_000
"""Gas of one delivery, if half a block has as much."""

MESSAGE_GAS, BYTE_GAS, LISTING_GAS, DEPOSIT_GAS, ACCOUNT_GAS = 150_000, 60, 2_500_000, 150_000, 400_000
"""More than a message needs: whatever it is, for each of its bytes, to make a token, to hand out ETH, to make an
account. What a forced call does can depend on the block that it is in, so nothing is estimated; gas costs nothing."""

log = logging.getLogger("openmg.plasma")


class DeliveryError(UserError):
    """Says in one line why messages can't be delivered."""


class Delivery:
    """Delivers from the operator's account. `inject` puts raw transactions first into the next block; it raises what
    refuses them."""

    def __init__(
        self,
        root: RootChain,
        maker: CheckpointMaker,
        node: Node,
        key: LocalAccount,
        inject: Callable[[Sequence[bytes]], None],
    ) -> None:
        self._root, self._maker, self._node, self._key, self._inject = root, maker, node, key, inject
        self._bridge = load("PlasmaBridge").at(node.web3, BRIDGE)
        self._chain_id = node.chain_id()

    def step(self) -> int:
        """Delivers what waits, up to a delivery's size; returns how many messages that were. Nothing is delivered
        while a delivery waits for its block."""
        messages, height = self._root.messages(), self._maker.height
        taken = self._maker.history.at(height).inbox_consumed
        if taken > len(messages):
            raise DeliveryError(f"the plasma chain took {taken} messages: the root chain's finalised blocks have fewer")
        if taken == len(messages):
            return 0
        sent, pending = (self._count(tag) for tag in (hex(height), "pending"))
        if pending > sent:
            return 0
        operator = str(self._node.ask(self._bridge.functions.operator()))
        if operator != self._key.address:
            raise DeliveryError(f"messages wait; {operator} alone can deliver them, not {self._key.address}")
        part, gas = _some(messages[taken:], min(MOST_GAS, self._block_gas() // 2))
        call = self._bridge.functions.deliver(taken, [message.abi() for message in part])
        fields = unsigned(call) | {"value": 0, "gas": gas, "nonce": sent}
        fields |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "chainId": self._chain_id, "type": 2}
        self._inject([bytes(self._key.sign_transaction(fields).raw_transaction)])
        log.info("delivered messages %d to %d", taken, taken + len(part) - 1)
        return len(part)

    def _block_gas(self) -> int:
        return int(self._node.call("eth_getBlockByNumber", "latest", False)["gasLimit"], 16)

    def _count(self, tag: str) -> int:
        return int(self._node.call("eth_getTransactionCount", self._key.address, tag), 16)


def gas_of(message: Message) -> int:
    """Gas that is enough for a message."""
    gas = MESSAGE_GAS + BYTE_GAS * len(message.encoded())
    if message.kind == MessageKind.CALL:
        return gas + ACCOUNT_GAS + message.call()[0] * 64 // 63
    return gas + (LISTING_GAS if message.kind == MessageKind.LIST_TOKEN else DEPOSIT_GAS)


def _some(messages: Sequence[Message], most_gas: int) -> tuple[list[Message], int]:
    """The first messages, as many as one delivery takes, at least one; and gas that is enough for them."""
    part: list[Message] = []
    size, gas = 0, MESSAGE_GAS
    for message in messages:
        size, more = size + len(message.encoded()), gas_of(message)
        if part and (size > MOST_BYTES or gas + more > most_gas):
            break
        part.append(message)
        gas += more
    return part, gas
