"""Whether the whole system is well: both chains, how far the index is behind them, what waits to be challenged."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.api.followed import Chains, FollowedChain, chains, database
from offchain.api.source import ERRORS, Hash, Time
from offchain.history.database import Database
from offchain.indexer.checkpoints import Checkpoints
from offchain.indexer.model_history import ModelHistory
from offchain.indexer.place import progress
from offchain.node import NodeError


class Block(BaseModel):
    """A block."""

    number: int = Field(examples=[1260])
    hash: Hash
    time: Time


class Indexed(BaseModel):
    """The last block that was taken into the index."""

    number: int = Field(examples=[1259])
    hash: Hash


class ChainHealth(BaseModel):
    """A chain: its node's newest block (null: the node doesn't answer), how far the index is (null: not begun), and how
    many blocks that is behind (null: one of both isn't known)."""

    role: str = Field(examples=["plasma"])
    chain: int = Field(description="EIP-155 id.", examples=[950327])
    newest: Block | None
    indexed: Indexed | None
    lag: int | None = Field(examples=[1])


class Pending(BaseModel):
    """What isn't decided yet: checkpoints that can be challenged, disputed answers, demands to see a part of a training
    round. Null: that chain isn't followed."""

    checkpoints: int | None = Field(examples=[2])
    disputes: int | None = Field(examples=[0])
    demands: int | None = Field(examples=[0])


class SystemHealth(BaseModel):
    """The state of the system now."""

    chains: list[ChainHealth]
    pending: Pending


def system_health(index: Database, followed: Chains) -> SystemHealth:
    """The state of the system now. Raises HistoryError."""
    present = {"plasma": followed.plasma, "root": followed.root}
    health = [_health(index, role, chain) for role, chain in present.items() if chain is not None]
    models = ModelHistory(index, followed.plasma.id) if followed.plasma is not None else None
    checkpoints = Checkpoints(index, followed.root.id) if followed.root is not None else None
    return SystemHealth(
        chains=health,
        pending=Pending(
            checkpoints=checkpoints.pending() if checkpoints else None,
            disputes=models.open_disputes() if models else None,
            demands=models.open_demands() if models else None,
        ),
    )


def routes() -> APIRouter:
    """The route of the system's health."""
    router = APIRouter(tags=["service"])

    @router.get("/v1/health", summary="Chains, the index behind them, and what is pending", responses=ERRORS)
    def health(http: Request) -> SystemHealth:
        return system_health(database(http), chains(http))

    return router


def _health(index: Database, role: str, chain: FollowedChain) -> ChainHealth:
    newest, taken = _newest(chain), progress(index, chain.id)
    lag = None if newest is None or taken is None else max(0, newest.number - taken[0])
    indexed = None if taken is None else Indexed(number=taken[0], hash=taken[1])
    return ChainHealth(role=role, chain=chain.id, newest=newest, indexed=indexed, lag=lag)


def _newest(chain: FollowedChain) -> Block | None:
    try:
        block = chain.node.call("eth_getBlockByNumber", "latest", False)
    except NodeError:
        return None
    return Block(number=int(block["number"], 16), hash=block["hash"], time=int(block["timestamp"], 16))
