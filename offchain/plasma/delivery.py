"""Brings the root chain's messages to the plasma chain: deposits, listed tokens, forced calls, in the inbox's order,
each once. Only messages of finalised root blocks are taken, so none is taken back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from eth_account.signers.local import LocalAccount
from web3 import Web3

from offchain.artifacts import load
from offchain.errors import UserError
from offchain.node import Node
from offchain.plasma.checkpoint_maker import CheckpointMaker
from offchain.plasma.messages import BRIDGE, Message, MessageKind
from offchain.plasma.root_chain import RootChain

MOST_MESSAGES = 50
"""Messages of one delivery."""

MOST_CALL_GAS = 8_000_000
"""Gas that the forced calls of one delivery may use together."""

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
        messages = self._root.messages()
        taken = self._maker.history.at(self._maker.height).inbox_consumed
        if taken > len(messages):
            raise DeliveryError(f"the plasma chain took {taken} messages: the root chain's finalised blocks have fewer")
        latest, pending = (self._count(tag) for tag in ("latest", "pending"))
        if taken == len(messages) or pending > latest:
            return 0
        part = _some(messages[taken:])
        call = self._bridge.functions.deliver(taken, [message.abi() for message in part])
        data = call._encode_transaction_data()
        asked = {"from": self._key.address, "to": BRIDGE, "data": data}
        gas = int(self._node.call("eth_estimateGas", asked), 16) * 6 // 5
        fields = {"to": Web3.to_checksum_address(BRIDGE), "data": data, "value": 0, "gas": gas, "nonce": latest}
        fields |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "chainId": self._chain_id, "type": 2}
        self._inject([bytes(self._key.sign_transaction(fields).raw_transaction)])
        log.info("delivered messages %d to %d", taken, taken + len(part) - 1)
        return len(part)

    def _count(self, tag: str) -> int:
        return int(self._node.call("eth_getTransactionCount", self._key.address, tag), 16)


def _some(messages: Sequence[Message]) -> list[Message]:
    """The first messages, as many as one delivery takes, at least one."""
    part: list[Message] = []
    gas = 0
    for message in messages[:MOST_MESSAGES]:
        gas += message.call()[0] if message.kind == MessageKind.CALL else 0
        if part and gas > MOST_CALL_GAS:
            break
        part.append(message)
    return part
