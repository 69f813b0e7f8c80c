"""P5 the slots that are proven of contracts on the plasma chain are where the compiler puts those variables."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from offchain.environment import PROJECT, SOLC_FOLDER
from offchain.plasma import messages

CONTRACTS = {
    "PlasmaBridge": "plasma",
    "BridgedToken": "plasma",
    "ZkERC20": "token",
    "UniswapFactory": "exchange",
    "UniswapExchange": "exchange",
    "UniswapOracleExchange": "exchange",
}


@dataclass(frozen=True)
class Variable:
    """Where a variable begins, in bytes from the slot's low end, and of what type it is."""

    slot: int
    offset: int
    kind: str


class Layout:
    """A contract's storage as the compiler lays it out."""

    def __init__(self, layout: Any) -> None:
        self._types = layout["types"]
        self.variables = self._variables(layout["storage"])

    def members(self, kind: str) -> dict[str, Variable]:
        """A struct's members; slots count from its beginning."""
        return self._variables(self._types[kind]["members"])

    def value(self, kind: str) -> str:
        """What a mapping's values are."""
        return str(self._types[kind]["value"])

    def label(self, kind: str) -> str:
        """A type as it is written."""
        return str(self._types[kind]["label"])

    def _variables(self, entries: Any) -> dict[str, Variable]:
        return {entry["label"]: Variable(int(entry["slot"]), entry["offset"], entry["type"]) for entry in entries}


@pytest.fixture(scope="module")
def layouts() -> dict[str, Layout]:
    """The layouts, straight from the compiler: no code is generated."""
    version = json.loads((PROJECT / "package.json").read_text())["devDependencies"]["solc"]
    paths = {name: f"contracts/{folder}/{name}.sol" for name, folder in CONTRACTS.items()}
    request = {
        "language": "Solidity",
        "sources": {path: {"content": (PROJECT / path).read_text()} for path in paths.values()},
        "settings": {
            "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
            "outputSelection": {"*": {"*": ["storageLayout"]}},
        },
    }
    command = [str(SOLC_FOLDER / f"solc-v{version}"), "--standard-json", "--base-path", str(PROJECT)]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout[done.stdout.index("{") :])
    assert not [error for error in answer.get("errors", []) if error["severity"] == "error"]
    return {name: Layout(answer["contracts"][path][name]["storageLayout"]) for name, path in paths.items()}


def constant(file: str, name: str) -> int:
    """The value of a constant slot in a Solidity file."""
    source = (PROJECT / "contracts" / "plasma" / file).read_text()
    (value,) = re.findall(rf"constant {name} =\s+(?:bytes32\(uint256\()?(\d+)\)*;", source)
    return int(value)


@pytest.mark.parametrize(
    ("name", "slot", "variable"),
    [
        ("COUNTERS_SLOT", messages.COUNTERS_SLOT, "_counters"),
        ("INBOX_HASH_SLOT", messages.INBOX_HASH_SLOT, "inboxHash"),
        ("EXIT_ROOT_SLOT", messages.EXIT_ROOT_SLOT, "exitRoot"),
    ],
)
def test_bridge(layouts: dict[str, Layout], name: str, slot: bytes, variable: str) -> None:
    found = layouts["PlasmaBridge"].variables[variable]
    assert (found.slot, found.offset) == (constant("BridgeState.sol", name), 0)
    assert found.slot == int.from_bytes(slot, "big")


def test_bridge_operator(layouts: dict[str, Layout]) -> None:
    """The genesis sets the operator's slot."""
    assert layouts["PlasmaBridge"].variables["operator"] == Variable(
        int.from_bytes(messages.OPERATOR_SLOT, "big"), 0, "t_address"
    )


def test_bridge_counters(layouts: dict[str, Layout]) -> None:
    """Messages in the low 128 bits, exits in the 64 above, then the bit that is always set."""
    bridge = layouts["PlasmaBridge"]
    assert bridge.members(bridge.variables["_counters"].kind) == {
        "messages": Variable(0, 0, "t_uint128"),
        "exits": Variable(0, 16, "t_uint64"),
        "begun": Variable(0, 24, "t_bool"),
    }
    assert messages.Counters(5, 7).word() == (5 | 7 << 128 | 1 << 192).to_bytes(32, "big")


@pytest.mark.parametrize(
    ("contract", "variable", "label", "file", "name"),
    [
        ("BridgedToken", "_balances", "mapping(address => uint256)", "PlasmaEscape.sol", "TOKEN_BALANCES"),
        ("UniswapFactory", "getExchange", "mapping(address => address)", "PlasmaEscape.sol", "FACTORY_EXCHANGES"),
        ("UniswapExchange", "totalSupply", "uint256", "PlasmaEscape.sol", "EXCHANGE_SUPPLY"),
        ("UniswapOracleExchange", "totalSupply", "uint256", "PlasmaEscape.sol", "EXCHANGE_SUPPLY"),
        ("ZkERC20", "_roots", "mapping(uint256 => mapping(uint256 => bool))", "NoteEscapes.sol", "POOL_ROOTS"),
        ("ZkERC20", "_spent", "mapping(uint256 => bool)", "NoteEscapes.sol", "POOL_NULLIFIERS"),
        ("ZkERC20", "inside", "mapping(address => uint256)", "NoteEscapes.sol", "POOL_INSIDE"),
    ],
)
def test_proven_slots(
    layouts: dict[str, Layout], contract: str, variable: str, label: str, file: str, name: str
) -> None:
    """What the escape reads of a contract is where it looks for it, and is what it takes it for."""
    layout = layouts[contract]
    found = layout.variables[variable]
    assert (found.slot, found.offset, layout.label(found.kind)) == (constant(file, name), 0, label)


@pytest.mark.parametrize("contract", ["UniswapExchange", "UniswapOracleExchange"])
def test_liquidity_shares(layouts: dict[str, Layout], contract: str) -> None:
    """A share stands first in its owner's account, in both kinds of exchange."""
    layout = layouts[contract]
    accounts = layout.variables["_accounts"]
    assert (accounts.slot, accounts.offset) == (constant("PlasmaEscape.sol", "EXCHANGE_ACCOUNTS"), 0)
    assert layout.label(accounts.kind).startswith("mapping(address => struct")
    assert layout.members(layout.value(accounts.kind))["balance"] == Variable(0, 0, "t_uint256")
