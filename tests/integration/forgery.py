"""What an attacker changes in a request that it has seen, and the errors that meet it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from offchain.wallet.request import ANYONE, Request, Terms, context_hash
from offchain.wallet.transaction import CIRCUIT_OF
from offchain.zk.circuits import CIRCUITS

WRONG_CONTEXT = "WrongContext(uint256,uint256)"
NULLIFIER_USED = "NullifierUsed(uint256)"
UNKNOWN_ROOT = "UnknownRoot(uint256,uint256)"
INVALID_PROOF = "InvalidProof()"


def names_of(request: Request) -> tuple[str, ...]:
    """The request's signals by name, in their order."""
    return CIRCUITS[CIRCUIT_OF[request.operation]].public_names


def signal(request: Request, name: str) -> int:
    """One of the request's signals."""
    return request.signals[names_of(request).index(name)]


def with_signals(request: Request, changes: Mapping[str, int]) -> Request:
    """The request with other signals beside the same proof."""
    pairs = zip(names_of(request), request.signals, strict=True)
    return replace(request, signals=tuple(changes.get(name, value) for name, value in pairs))


def context_of(request: Request) -> int:
    """The context hash of what the request says, whatever its proof was made for."""
    return context_hash(request.chain_id, request.contract, request.operation, request.terms, request.details)


def wrong_context(request: Request) -> tuple[str, int, int]:
    """The error of a request whose proof was made for something else."""
    return WRONG_CONTEXT, context_of(request), signal(request, "contextHash")


def anyone(request: Request) -> Terms:
    """The request's terms without a relayer."""
    return replace(request.terms, relayer=ANYONE)
