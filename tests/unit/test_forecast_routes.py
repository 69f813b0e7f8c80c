"""Forecasts of the API, with what shows on chain which model they are of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from offchain.api.followed import Chains, FollowedChain
from offchain.chains import connect
from offchain.deployment.manifest import Manifest
from offchain.history.database import Database
from offchain.indexer import tables
from offchain.node import Node
from offchain.ppdl.aggregation.messages import Header
from offchain.ppdl.inference.served import ChainModels
from offchain.ppdl.inference.service import service
from tests.history import opened
from tests.indexed import client
from tests.inference.model_folder import begin_chain, rows

PLASMA, ROOT, BLOCK = 950327, 31337, 40
CONTRACT = "0x" + "2" * 40


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened("sqlite", tmp_path) as found:
        yield found


@pytest.fixture
def header(tmp_path: Path) -> Header:
    """That of the folder's only model."""
    return begin_chain(tmp_path / "chain")


@pytest.fixture
def api(database: Database, header: Header, tmp_path: Path) -> TestClient:
    """With nodes that don't answer: a proof needs none."""
    node = Node(connect("http://127.0.0.1:1"))
    plasma, root = (FollowedChain(node, Manifest(chain, tmp_path / "none.json")) for chain in (PLASMA, ROOT))
    return client(database, Chains(plasma, root, ChainModels(tmp_path / "chain")))


def place(chain: int, block: int) -> dict[str, Any]:
    return {
        "chain": chain,
        "block": block,
        "log": 0,
        "time": 5,
        "transaction_hash": b"\5" * 32,
        "contract": CONTRACT,
    }


def tell(database: Database, header: Header, weight_hash: bytes) -> None:
    """The index knows a header of that model, and a checkpoint that holds its block."""
    hashes = ("weights_root", "testset_hash", "participant_hash")
    told = {name: getattr(header, name) for name in hashes} | {"hash": header.hash, "previous": header.prev_hash}
    numbers = {"number": 0, "round": 0, "born": 1, "loss_before": 0, "loss_after": 0, "accepted": True}
    roots = dict.fromkeys(("hash", "blocks_root", "exit_root", "state_root"), b"\7" * 32)
    span = {"epoch": 2, "start": BLOCK - 5, "end": BLOCK + 5, "exits": 0, "signers": 3}
    with database.write() as connection:
        for chain, number in ((PLASMA, BLOCK), (ROOT, 9)):
            block = {"chain": chain, "number": number, "hash": b"\6" * 32, "time": 5, "bare": False}
            connection.execute(insert(tables.blocks), block)
        row = {**place(PLASMA, BLOCK), **told, **numbers, "weight_hash": weight_hash}
        connection.execute(insert(tables.headers), row)
        connection.execute(insert(tables.checkpoints), {**place(ROOT, 9), **roots, **span})


def test_forecasts_come_with_their_proof(api: TestClient, database: Database, header: Header, tmp_path: Path) -> None:
    """Q4 the service's own forecasts, the header of the model that made them, the checkpoint that holds it."""
    tell(database, header, header.weight_hash)
    asked = {"features": rows(3)}
    answer = api.post("/v1/forecasts", json=asked).json()
    plain = TestClient(service(ChainModels(tmp_path / "chain"))).post("/forecasts", json=asked).json()
    assert answer["forecasts"] == plain["forecasts"]
    assert answer["weight_hash"] == f"0x{header.weight_hash.hex()}" == answer["proof"]["header"]["weight_hash"]
    assert answer["proof"]["header"]["hash"] == f"0x{header.hash.hex()}"
    assert answer["proof"]["header"]["source"]["block"] == BLOCK
    checkpoint = answer["proof"]["checkpoint"]
    assert (checkpoint["epoch"], checkpoint["finality"]) == (2, "pending")
    assert api.get("/v1/forecasts/model").json()["proof"] == answer["proof"]


@pytest.mark.parametrize("known", [False, True])
def test_another_model_than_the_chain_s_has_no_proof(
    api: TestClient, database: Database, header: Header, known: bool
) -> None:
    """Q4 neither one that the chain doesn't know, nor one that it knows under that number with other weights."""
    if known:
        tell(database, header, b"\3" * 32)
    answer = api.post("/v1/forecasts", json={"features": rows(1)}).json()
    assert answer["proof"] == {"header": None, "checkpoint": None}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"features": [[1]]}', 400),
        (b'{"features": [["a"]]}', 400),
        (b'{"features": [], "more": 1}', 400),
        (b" " * (8 * 2**20 + 1), 413),
    ],
)
def test_wrong_rows(api: TestClient, body: bytes, status: int) -> None:
    """P9 Q4 one line on what is wrong."""
    answer = api.post("/v1/forecasts", content=body)
    assert answer.status_code == status
    assert len(answer.json()["detail"].splitlines()) == 1
