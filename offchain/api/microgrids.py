"""Microgrids: their balance and their size, of participants only how many there are."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.api.followed import FollowedChain, database, plasma
from offchain.api.source import ERRORS, Address, Amount, Source
from offchain.history.database import Database
from offchain.indexer.grid_state import GridState, Microgrid


class Balance(BaseModel):
    """Energy tokens in base units: minted when energy leaves the shielded pool, burned when it enters it."""

    minted: Amount
    burned: Amount
    outstanding: Amount = Field(description="Minted less burned. What is within the pool is not in it.")
    source: Source = Field(description="The last mint or burn.")


class Published(BaseModel):
    """Sums of all readings that were published, in Wh, as corrected; and the epoch of the last publication."""

    exported: Amount
    imported: Amount
    epoch: int = Field(examples=[1963584])
    readings_root: str = Field(examples=["0x" + "1a" * 32])
    source: Source


class Participants(BaseModel):
    """How many meters are registered, and what they can feed in or take together in an epoch, in Wh."""

    meters: int = Field(examples=[24])
    capacity: Amount
    source: Source


class MicrogridState(BaseModel):
    """A microgrid as the chain's events leave it; null: there was no such event yet."""

    number: int = Field(examples=[1])
    name: str | None = Field(description="As this service's deployment calls it.", examples=["MG1"])
    token: Address
    epoch_length: int = Field(description="Seconds.", examples=[900])
    source: Source = Field(description="What set its rules last.")
    balance: Balance | None
    published: Published | None
    participants: Participants | None


class Microgrids(BaseModel):
    """All microgrids."""

    microgrids: list[MicrogridState]


def microgrid_states(index: Database, chain: FollowedChain) -> list[MicrogridState]:
    """All microgrids of a chain. Raises HistoryError."""
    return [_state(chain, one) for one in GridState(index, chain.id).microgrids()]


def routes() -> APIRouter:
    """The route below /v1/microgrids."""
    router = APIRouter(tags=["microgrids"])

    @router.get("/v1/microgrids", summary="Balance, published sums and size of each microgrid", responses=ERRORS)
    def microgrids(http: Request) -> Microgrids:
        return Microgrids(microgrids=microgrid_states(database(http), plasma(http)))

    return router


def _state(chain: FollowedChain, one: Microgrid) -> MicrogridState:
    return MicrogridState(
        number=one.rules.microgrid,
        name=chain.microgrid_of(one.rules.token),
        token=one.rules.token,
        epoch_length=one.rules.epoch_length,
        source=Source.of(one.rules),
        balance=None if one.supply is None else _balance(one.supply),
        published=None if one.published is None else _published(one.published),
        participants=None if one.meters is None else _participants(one.meters),
    )


def _balance(row: Any) -> Balance:
    outstanding = row.minted_total - row.burned_total
    return Balance(
        minted=str(row.minted_total),
        burned=str(row.burned_total),
        outstanding=str(outstanding),
        source=Source.of(row),
    )


def _published(row: Any) -> Published:
    return Published(
        exported=str(row.exported_total),
        imported=str(row.imported_total),
        epoch=row.epoch,
        readings_root=row.root,
        source=Source.of(row),
    )


def _participants(row: Any) -> Participants:
    return Participants(meters=row.meters_total, capacity=str(row.capacity_total), source=Source.of(row))
