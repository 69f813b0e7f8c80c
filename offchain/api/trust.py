"""What the root chain knows of the plasma chain: checkpoints with their finality, faults, exits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.api.followed import database, root
from offchain.api.source import ERRORS, HASH, Address, Amount, Count, Hash, Number, Source
from offchain.indexer.checkpoints import Checkpoint, Checkpoints, Finality

Key = Annotated[str | None, Query(pattern="^0x[0-9a-fA-F]{64}$", description="Of one exit.", examples=[HASH])]


class CheckpointState(BaseModel):
    """A checkpoint: blocks `start` to `end` of the plasma chain, their Merkle root, the root of all exits so far and
    how many there are, the state's root after `end`; how many authorities signed it, and how final it is."""

    epoch: int = Field(examples=[31])
    hash: Hash
    start: int = Field(examples=[1201])
    end: int = Field(examples=[1260])
    blocks_root: Hash
    exit_root: Hash
    exits: int = Field(examples=[4])
    state_root: Hash
    signers: int = Field(examples=[3])
    finality: Finality
    source: Source
    verdict: Source | None = Field(description="What made it final or void; null while it is pending.")

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> CheckpointState:
        """As the API shows a checkpoint."""
        row, verdict = checkpoint.row, checkpoint.verdict
        names = ("epoch", "hash", "start", "end", "blocks_root", "exit_root", "exits", "state_root", "signers")
        return cls(
            **{name: getattr(row, name) for name in names},
            finality=checkpoint.finality,
            source=Source.of(row),
            verdict=None if verdict is None else Source.of(verdict),
        )


class CheckpointStates(BaseModel):
    """Checkpoints, the newest first."""

    checkpoints: list[CheckpointState]


class Fault(BaseModel):
    """A freeze, or a fault or double signature that was proven."""

    happened: str = Field(examples=["Frozen"])
    fault: str | None = Field(description="Which fault was proven.", examples=[None])
    until: int | None = Field(description="When a freeze ends: Unix time.", examples=[1767225600])
    source: Source


class Faults(BaseModel):
    """Faults, the newest first."""

    faults: list[Fault]


class ExitChange(BaseModel):
    """Something that leaves the plasma chain: `started`, or paid (`released`), in whole or in part. Who gets it isn't
    told."""

    side: str = Field(examples=["started"])
    exit: Hash
    asset: Address
    amount: Amount
    source: Source


class ExitChanges(BaseModel):
    """What happened to exits, the newest first."""

    exits: list[ExitChange]


def routes() -> APIRouter:
    """The routes on the plasma chain's standing at the root chain."""
    router = APIRouter(tags=["trust"])

    @router.get(
        "/v1/checkpoints",
        summary="Checkpoints with their finality",
        description="Void ones too. With `plasma_block`: the one that holds it and isn't void, if there is one.",
        responses=ERRORS,
    )
    def checkpoints(
        http: Request, count: Count = 20, before: Number = None, plasma_block: Number = None
    ) -> CheckpointStates:
        index = Checkpoints(database(http), root(http).id)
        found = index.newest(count, before)
        if plasma_block is not None:
            holding = index.of_block(plasma_block)
            found = [] if holding is None else [holding]
        return CheckpointStates(checkpoints=[*map(CheckpointState.of, found)])

    @router.get("/v1/faults", summary="Freezes and proven faults of the plasma chain", responses=ERRORS)
    def faults(http: Request, count: Count = 20) -> Faults:
        rows = Checkpoints(database(http), root(http).id).faults(count)
        return Faults(faults=[*map(_fault, rows)])

    @router.get("/v1/exits", summary="Exits that were begun and paid", responses=ERRORS)
    def exits(http: Request, count: Count = 20, exit: Key = None) -> ExitChanges:
        rows = Checkpoints(database(http), root(http).id).exits(count, exit)
        return ExitChanges(exits=[*map(_exit, rows)])

    return router


def _fault(row: Any) -> Fault:
    return Fault(happened=row.happened, fault=row.fault, until=row.until, source=Source.of(row))


def _exit(row: Any) -> ExitChange:
    return ExitChange(side=row.side, exit=row.exit, asset=row.asset, amount=str(row.amount), source=Source.of(row))
