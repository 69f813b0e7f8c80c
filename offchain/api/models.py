"""The model chain's headers, and paid requests for forecasts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.api.followed import database, plasma
from offchain.api.problem import Problem
from offchain.api.source import ERRORS, Address, Amount, Count, Hash, Number, Source, Time
from offchain.history.database import Database
from offchain.indexer.model_history import ModelHistory

LOSS_UNIT = 2**20
NUMBERS = ("number", "hash", "previous", "round", "weights_root", "weight_hash", "testset_hash", "participant_hash")
Of = Annotated[int, Path(ge=0, lt=2**53, examples=[3])]


class ModelHeader(BaseModel):
    """A model's header: `hash` is what the next one's `previous` names. Losses are those on the common test set, before
    and after the round; a model that wasn't `accepted` left the weights as they were."""

    number: int = Field(examples=[3])
    hash: Hash
    previous: Hash
    round: int = Field(examples=[3])
    weights_root: Hash
    weight_hash: Hash = Field(description="Poseidon hash of the weights: what proofs of answers are made against.")
    testset_hash: Hash
    participant_hash: Hash
    born: Time
    loss_before: float = Field(examples=[0.0213])
    loss_after: float = Field(examples=[0.0197])
    accepted: bool = Field(examples=[True])
    source: Source

    @classmethod
    def of(cls, row: Any) -> ModelHeader:
        """Of a row of the index."""
        return cls(
            **{name: getattr(row, name) for name in NUMBERS},
            born=row.born,
            loss_before=row.loss_before / LOSS_UNIT,
            loss_after=row.loss_after / LOSS_UNIT,
            accepted=row.accepted,
            source=Source.of(row),
        )


class ModelHeaders(BaseModel):
    """Headers, the newest first."""

    models: list[ModelHeader]


class InferenceChange(BaseModel):
    """What happened to a paid request, as the market's event is called; who asked isn't told. What that event doesn't
    say is null."""

    request: int = Field(examples=[7])
    happened: str = Field(examples=["Answered"])
    model: int | None = Field(description="Asked for (null: the newest), or which answered.", examples=[3])
    kind: int | None = Field(description="0: the node's word, 1: can be disputed, 2: proven.", examples=[None])
    asset: Address | None = Field(description="What is paid with.")
    payment: Amount | None = Field(description="In its base units.")
    answer_hash: Hash | None = Field(description="Poseidon hash of the answer.")
    source: Source

    @classmethod
    def of(cls, row: Any) -> InferenceChange:
        """Of a row of the index."""
        return cls(
            **{name: getattr(row, name) for name in ("request", "happened", "model", "kind", "asset", "answer_hash")},
            payment=None if row.payment is None else str(row.payment),
            source=Source.of(row),
        )


class InferenceChanges(BaseModel):
    """What happened last to each request, the newest first; of one request: all that happened, in order."""

    requests: list[InferenceChange]


def model_header(index: Database, chain: int, number: int) -> ModelHeader | None:
    """The header of a number, None if the index has none. Raises HistoryError."""
    row = ModelHistory(index, chain).header(number)
    return None if row is None else ModelHeader.of(row)


def routes() -> APIRouter:
    """The routes on models."""
    router = APIRouter(tags=["models"])

    @router.get("/v1/models", summary="Headers of the model chain", responses=ERRORS)
    def models(http: Request, count: Count = 20, before: Number = None) -> ModelHeaders:
        rows = ModelHistory(database(http), plasma(http).id).headers(count, before)
        return ModelHeaders(models=[*map(ModelHeader.of, rows)])

    @router.get("/v1/models/{number}", summary="One header", responses=ERRORS)
    def model(http: Request, number: Of) -> ModelHeader:
        found = model_header(database(http), plasma(http).id, number)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, "the model chain has no header of that number yet")
        return found

    @router.get("/v1/inference", summary="Paid requests for forecasts", responses=ERRORS)
    def inference(http: Request, count: Count = 20, before: Number = None) -> InferenceChanges:
        rows = ModelHistory(database(http), plasma(http).id).requests(count, before)
        return InferenceChanges(requests=[*map(InferenceChange.of, rows)])

    @router.get("/v1/inference/{number}", summary="All that happened to a request", responses=ERRORS)
    def request(http: Request, number: Of) -> InferenceChanges:
        rows = ModelHistory(database(http), plasma(http).id).request(number)
        if not rows:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no request of that number yet")
        return InferenceChanges(requests=[*map(InferenceChange.of, rows)])

    return router
