"""Forecasts of the newest model, with what shows on chain which model that is."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from offchain.api.followed import Chains, chains, database
from offchain.api.models import ModelHeader, model_header
from offchain.api.problem import Problem, described
from offchain.api.source import OPEN, Hash
from offchain.api.trust import CheckpointState
from offchain.history.database import Database
from offchain.http_service import read_body
from offchain.indexer.checkpoints import Checkpoints
from offchain.ppdl.inference.integer_model import ModelError
from offchain.ppdl.inference.served import Models
from offchain.ppdl.inference.service import LARGEST_BODY, forecasts_of, model_of

BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "features": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
                    },
                    "required": ["features"],
                    "additionalProperties": False,
                },
                "example": {"features": [[0.1] * 8]},
            }
        },
    }
}


class ModelProof(BaseModel):
    """What shows which model it is. The weight hash is the header's; the header's log can be proven to stand in the
    checkpoint (`openmg plasma prove`), and the checkpoint to be the root chain's. Null: not there yet, or not followed;
    whoever only has the answer's word for it should wait."""

    header: ModelHeader | None
    checkpoint: CheckpointState | None


class ServedModel(BaseModel):
    """The model that answers: its number, its weight hash, how many features a row has."""

    model: int = Field(examples=[3])
    weight_hash: Hash
    inputs: int = Field(examples=[8])
    proof: ModelProof


class ForecastRows(BaseModel):
    """A forecast for each row, in units of the scaled target, and the model they are of."""

    model: int = Field(examples=[3])
    weight_hash: Hash
    forecasts: list[float] = Field(examples=[[0.4127]])
    proof: ModelProof


def routes() -> APIRouter:
    """The routes of forecasts."""
    router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"])

    @router.get("/model", summary="The model that forecasts are made with", responses=described(*OPEN))
    def model(http: Request) -> ServedModel:
        about = model_of(_models(http))
        proof = _proof(database(http), chains(http), about.model, about.weight_hash)
        return ServedModel(model=about.model, weight_hash=about.weight_hash, inputs=about.inputs, proof=proof)

    @router.post("", summary="Forecasts for rows of features", responses=described(*ERRORS), openapi_extra=BODY)
    async def forecasts(http: Request) -> ForecastRows:
        served = _models(http)
        body = await read_body(http, LARGEST_BODY)
        try:
            return await run_in_threadpool(_answer, database(http), chains(http), served, body)
        except ModelError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None

    return router


ERRORS = (*OPEN, HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _models(http: Request) -> Models:
    models = chains(http).models
    if models is None:
        raise Problem(HTTPStatus.NOT_FOUND, "this service makes no forecasts")
    return models


def _answer(index: Database, followed: Chains, models: Models, body: bytes) -> ForecastRows:
    found = forecasts_of(models, body)
    proof = _proof(index, followed, found.model, found.weight_hash)
    told: dict[str, Any] = {"model": found.model, "weight_hash": found.weight_hash, "forecasts": found.forecasts}
    return ForecastRows(**told, proof=proof)


def _proof(index: Database, followed: Chains, number: int, weight_hash: str) -> ModelProof:
    """Of a header that names another model there is none: the folder's model isn't that chain's."""
    header = None if followed.plasma is None else model_header(index, followed.plasma.id, number)
    if header is None or header.weight_hash != weight_hash:
        return ModelProof(header=None, checkpoint=None)
    if followed.root is None:
        return ModelProof(header=header, checkpoint=None)
    holding = Checkpoints(index, followed.root.id).of_block(header.source.block)
    return ModelProof(header=header, checkpoint=None if holding is None else CheckpointState.of(holding))
