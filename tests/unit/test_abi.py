"""Every function and event of Uniswap V1 is there, as its published ABI has it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offchain.environment import PROJECT

PAIRS = [
    ("UniswapV1Exchange", "UniswapExchange"),
    ("UniswapV1Exchange", "UniswapOracleExchange"),
    ("UniswapV1Exchange", "IUniswapExchange"),
    ("UniswapV1Factory", "UniswapFactory"),
    ("UniswapV1Factory", "IUniswapFactory"),
]
ELSEWHERE = {  # what an interface leaves to the liquidity's own interface and to the default functions
    "IUniswapExchange": {"transfer", "transferFrom", "approve", "balanceOf", "allowance", "totalSupply"}
    | {"name", "symbol", "decimals", "Transfer", "Approval"}
}


def original(name: str) -> list[dict[str, Any]]:
    """The ABI of the contract deployed in 2018."""
    path = PROJECT / "node_modules" / "@uniswap" / "v2-periphery" / "build" / f"{name}.json"
    content: list[dict[str, Any]] = json.loads(path.read_text())["abi"]
    return content


def mutability(entry: dict[str, Any]) -> str:
    """Whether a function reads, writes or takes ETH, in the words of old and new compilers."""
    if entry.get("payable") or entry.get("stateMutability") == "payable":
        return "payable"
    return "reads" if entry.get("constant") or entry.get("stateMutability") in ("view", "pure") else "writes"


def types(entry: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(argument["type"] for argument in entry.get(key, []))


def functions(abi: list[dict[str, Any]]) -> dict[tuple[str, tuple[str, ...]], tuple[tuple[str, ...], str]]:
    """Outputs and mutability of each function, by name and inputs."""
    return {
        (entry["name"], types(entry, "inputs")): (types(entry, "outputs"), mutability(entry))
        for entry in abi
        if entry["type"] == "function" and not entry["name"].startswith("__")
    }


def events(abi: list[dict[str, Any]]) -> set[tuple[str, tuple[tuple[str, bool], ...]]]:
    """Each event with its arguments' types and whether they are indexed."""
    return {
        (entry["name"], tuple((argument["type"], argument["indexed"]) for argument in entry["inputs"]))
        for entry in abi
        if entry["type"] == "event"
    }


def test_the_original_is_what_we_think() -> None:
    """X16 the published ABI is complete: 34 functions beside the default and 6 events, 7 and 1."""
    exchange, factory = original("UniswapV1Exchange"), original("UniswapV1Factory")
    assert (len(functions(exchange)), len(events(exchange))) == (34, 6)
    assert (len(functions(factory)), len(events(factory))) == (7, 1)


@pytest.mark.parametrize(("published", "ours"), PAIRS)
def test_complete(project: Any, published: str, ours: str) -> None:
    """X16 each function has V1's types and mutability, each event V1's types and indexes; `setup` alone is stricter."""
    abi = [entry.model_dump(mode="json", by_alias=True) for entry in getattr(project, ours).contract_type.abi]
    elsewhere = ELSEWHERE.get(ours, set())
    own = functions(abi)
    for key, (outputs, kind) in functions(original(published)).items():
        if key[0] in elsewhere:
            continue
        expected = (outputs, "reads") if key[0] == "setup" and not ours.startswith("I") else (outputs, kind)
        assert own.get(key) == expected, key
    missing = {event for event in events(original(published)) if event[0] not in elsewhere} - events(abi)
    assert not missing


@pytest.mark.parametrize("ours", ["UniswapExchange", "UniswapOracleExchange"])
def test_default(project: Any, ours: str) -> None:
    """X16 V1's payable `__default__` is a payable receive and a payable fallback."""
    (default,) = [entry for entry in original("UniswapV1Exchange") if entry["name"].startswith("__default__")]
    assert mutability(default) == "payable"
    abi = getattr(project, ours).contract_type.abi
    kinds = {entry.type: entry.stateMutability for entry in abi if entry.type in ("receive", "fallback")}
    assert kinds == {"receive": "payable", "fallback": "payable"}
