"""What participants sign in a federation, where no chain is told who said what (EIP-712); beside `Update`.

Every statement after the first names the round's graph, that is, all keys: none can be moved among other keys.
"""

from __future__ import annotations

from dataclasses import dataclass

from offchain.ppdl.aggregation.messages import Message


@dataclass(frozen=True)
class Keys(Message):
    """A participant's two fresh public keys of a round."""

    name = "Keys"
    members = (("uint256", "round"), ("bytes32", "channelKey"), ("bytes32", "maskKey"))

    round: int
    channel_key: bytes
    mask_key: bytes


@dataclass(frozen=True)
class Seeds(Message):
    """The root over a participant's seed hashes, and that over its shares."""

    name = "Seeds"
    members = (("uint256", "round"), ("bytes32", "graphSeed"), ("bytes32", "seedsRoot"), ("bytes32", "sharesRoot"))

    round: int
    graph_seed: bytes
    seeds_root: bytes
    shares_root: bytes


@dataclass(frozen=True)
class Alive(Message):
    """The root over the alive of a round, by which a participant will stand: it names no other one."""

    name = "Alive"
    members = (("uint256", "round"), ("bytes32", "graphSeed"), ("bytes32", "aliveRoot"))

    round: int
    graph_seed: bytes
    alive_root: bytes
