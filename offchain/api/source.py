"""What all that comes from a chain says of itself, so that anybody can check it there."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, Field

from offchain.api.problem import described

HASH = "0x" + "5c" * 32
ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
MOST_ROWS = 200

Amount = Annotated[str, Field(pattern="^[0-9]+$", examples=["1250000000000000000"])]
"""Wei, or base units of a token: 10^18 are an ETH or a kWh."""
Hash = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$", examples=[HASH])]
Address = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{40}$", examples=[ADDRESS])]
Time = Annotated[int, Field(description="Unix time.", examples=[1767225600])]

Count = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many at most.", examples=[20])]
Number = Annotated[int | None, Query(ge=0, lt=2**53, examples=[12])]
ExchangeName = Annotated[
    str,
    Path(
        pattern="^(0x[0-9a-fA-F]{40}|[A-Za-z0-9_-]{1,32})$",
        description="A microgrid's name, or an exchange's address.",
        examples=["MG1"],
    ),
]

OPEN = (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""Of every route: 404 where the chain isn't followed."""
ERRORS = described(*OPEN, HTTPStatus.UNPROCESSABLE_ENTITY)


class Source(BaseModel):
    """The log that says so: the block's number and hash, the transaction, the contract, its place in the block."""

    chain: int = Field(description="EIP-155 id.", examples=[950327])
    block: int = Field(examples=[1207])
    block_hash: Hash
    transaction: Hash
    contract: Address
    log: int = Field(examples=[2])
    time: Time

    @classmethod
    def of(cls, row: Any) -> Source:
        """Of a row of the index."""
        return cls(
            chain=row.chain,
            block=row.block,
            block_hash=row.block_hash,
            transaction=row.transaction_hash,
            contract=row.contract,
            log=row.log,
            time=row.time,
        )


class State(BaseModel):
    """The block after which a contract was asked."""

    chain: int = Field(description="EIP-155 id.", examples=[950327])
    block: int = Field(examples=[1207])
    block_hash: Hash
    contract: Address
    time: Time
