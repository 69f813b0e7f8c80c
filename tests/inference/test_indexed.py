"""Paid requests as the API tells them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offchain.ppdl.inference.market import ETH
from tests.indexed import Indexed, indexed
from tests.inference.stage import DEPOSIT, PAYMENT, Market


@pytest.fixture
def index(market: Market, tmp_path: Path) -> Iterator[Indexed]:
    with indexed(market.provider.web3, tmp_path, {"InferenceMarket": market.market.address}) as found:
        yield found


def test_from_the_request_to_the_payment(market: Market, index: Indexed, stranger: Any) -> None:
    """Q5 what happened last to each request, and all that happened to one; a dispute is pending until it is proven."""
    number = market.ask()
    answer = market.answer(number)
    market.market.dispute(number, sender=market.requester, value=DEPOSIT)
    other = market.ask()
    newest, older = index.get("/v1/inference")["requests"]
    assert (newest["request"], newest["happened"], newest["payment"]) == (other, "Requested", str(PAYMENT))
    assert (newest["asset"], newest["model"]) == (ETH, None)
    assert (older["request"], older["happened"]) == (number, "Disputed")
    assert index.get("/v1/health")["pending"]["disputes"] == 1
    market.market.prove(number, *market.arguments(market.proof()), sender=stranger)
    assert index.get("/v1/health")["pending"]["disputes"] == 0
    told = index.get(f"/v1/inference/{number}")["requests"]
    assert [one["happened"] for one in told][:3] == ["Requested", "Answered", "Disputed"]
    assert "NodePaid" in [one["happened"] for one in told]
    assert told[1]["answer_hash"] == f"0x{answer.hash:064x}"
    assert told[1]["model"] == market.head
    assert index.get(f"/v1/inference?before={other}")["requests"][0]["request"] == number
    assert market.requester.address.lower()[2:] not in str(told).lower()
