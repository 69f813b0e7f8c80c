"""Plain forecasts over HTTP."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from offchain.environment import PROJECT
from offchain.ppdl.inference.integer_model import PERCEPTRON, quantise_features
from offchain.ppdl.inference.served import ChainModels
from offchain.ppdl.inference.service import LARGEST_BODY, MOST_ROWS, service
from offchain.ppdl.model_chain.chain import ChainError
from tests.inference import perceptron
from tests.inference.model_folder import STATE, begin_chain, rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model chain of one model."""
    path = tmp_path_factory.mktemp("chain")
    begin_chain(path)
    return path


@pytest.fixture(scope="module")
def client(folder: Path) -> TestClient:
    return TestClient(service(ChainModels(folder)))


def test_forecasts_are_the_models(client: TestClient) -> None:
    """I11 each is the whole-number model's answer, with the model's number and hash."""
    weights = [min(8191, max(-8192, (int(lane) + 256) >> 9)) for lane in STATE]
    asked = rows(3)
    answer = client.post("/forecasts", json={"features": asked}).json()
    expected = [perceptron.forecast(weights, quantise_features(row).tolist(), PERCEPTRON) / 2**19 for row in asked]
    assert answer["forecasts"] == expected
    assert answer["model"] == 0
    assert int(answer["weight_hash"], 16) == perceptron.weight_hash(weights)
    assert client.get("/model").json() == {"model": 0, "weight_hash": answer["weight_hash"], "inputs": 30}
    assert client.post("/forecasts", json={"features": []}).json()["forecasts"] == []


def test_a_thousand_forecasts_a_second(client: TestClient) -> None:
    """I11 in one request, from its JSON to the answer's."""
    body = json.dumps({"features": rows(MOST_ROWS)})
    assert len(body) < LARGEST_BODY
    client.post("/forecasts", content=body)
    start = time.monotonic()
    answer = client.post("/forecasts", content=body)
    assert len(answer.json()["forecasts"]) == MOST_ROWS
    assert MOST_ROWS / (time.monotonic() - start) > 1_000


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "give JSON"),
        (b"{", 400, "give JSON"),
        (b"\xff\xfe", 400, "give JSON"),
        (b"[" * 100_000, 400, "give JSON"),
        (b'{"features": [[1, "x"]]}', 400, "features[0][1]"),
        (b'{"features": [[NaN]]}', 400, "give JSON"),
        (b'{"features": [], "more": 1}', 400, "unknown field `more`"),
        (b'{"features": [[1, 2]]}', 400, "row 0 has 2 features: 30 are needed"),
        (b'{"features": [[' + b",".join([b"1e999"] * 30) + b"]]}", 400, ""),
        (b'{"features": [' + b",".join([b"[]"] * (MOST_ROWS + 1)) + b"]}", 413, "at most 10,000 rows"),
        (b" " * (LARGEST_BODY + 1), 413, "at most 8,388,608 bytes"),
    ],
)
def test_bad_requests(client: TestClient, body: bytes, status: int, reason: str) -> None:
    """P9 one line that says what is wrong; nothing takes the service down."""
    answer = client.post("/forecasts", content=body)
    assert answer.status_code == status
    assert reason in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert client.get("/model").status_code == 200


def test_what_is_not_there(client: TestClient, tmp_path: Path, folder: Path) -> None:
    """P9 other pages, a folder without a chain, a model that is gone: a line each."""
    assert client.get("/forecasts").json() == {"error": "GET /forecasts: Method Not Allowed"}
    assert client.get("/x").json() == {"error": "GET /x: Not Found"}
    with pytest.raises(ChainError, match="there is no model chain"):
        ChainModels(tmp_path)
    models = ChainModels(folder)
    blob = next(path for path in (folder / "blobs").iterdir() if path.stat().st_size == 11 * 256)
    content: Any = blob.read_bytes()
    blob.unlink()
    answer = TestClient(service(models)).get("/model")
    blob.write_bytes(content)
    assert answer.status_code == 503
    assert "can't be read" in answer.json()["error"]


def test_every_route_is_documented() -> None:
    """I11 with its method, beside the errors."""
    page = (PROJECT / "docs" / "reference" / "inference-market.md").read_text()
    source = (PROJECT / "offchain" / "ppdl" / "inference" / "service.py").read_text()
    routes = re.findall(r'@app\.(get|post)\("([^"]+)"', source)
    assert len(routes) == 2
    assert [path for method, path in routes if f"`{method.upper()} {path}`" not in page] == []
