"""An operation, and what comes of it. Addresses are names: `ann`, `pool0`, `token1`, `zero`, ..."""

from __future__ import annotations

from dataclasses import dataclass

Argument = int | str
Event = tuple[Argument, ...]
"""Emitter, event name, then the event's arguments in order."""

UINT256_MAX = 2**256 - 1

ACTORS = ("ann", "bob", "eve")
POOLS = ("pool0", "pool1")
TOKENS = ("token0", "token1")
ZERO = "zero"
STRANGER = "stranger"
"""An account without code that never acts."""

FORCE_ETHER = "(force ether)"
"""Not a function: ETH that arrives by the self-destruction of another contract, without a call."""

QUOTES = tuple(f"get{way}{side}Price" for way in ("EthToToken", "TokenToEth") for side in ("Input", "Output"))


@dataclass(frozen=True)
class Operation:
    """One transaction: `function` is the ABI name, empty for a plain payment; `value` in wei."""

    actor: str
    target: str
    function: str
    arguments: tuple[Argument, ...] = ()
    value: int = 0

    @property
    def name(self) -> str:
        """What the operation is counted as."""
        if self.target in TOKENS:
            return f"token.{self.function}"
        return self.function or "default"

    @property
    def is_swap(self) -> bool:
        return self.function.endswith(("SwapInput", "TransferInput", "SwapOutput", "TransferOutput")) or (
            self.function == "" and self.target in POOLS
        )


@dataclass(frozen=True)
class Done:
    """It went through: the returned words and all events in order."""

    returned: tuple[int, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Refused:
    """It was refused, with this error (None: without a word)."""

    error: str | None
    arguments: tuple[Argument, ...] = ()


Outcome = Done | Refused


class Refusal(Exception):
    """Ends an operation of the model; `None` stands for a refusal without data."""

    def __init__(self, error: str | None, *arguments: Argument) -> None:
        super().__init__(error, *arguments)
        self.outcome = Refused(error, arguments)
