"""Compiled contracts: never those of older sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain import artifacts
from offchain.artifacts import ArtifactError, compile_contracts, describe_revert, load, load_all


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the build folder's manifest, to be spoiled."""
    copy = tmp_path / "build.json"
    copy.write_text(artifacts.BUILD.read_text())
    monkeypatch.setattr(artifacts, "BUILD", copy)
    load_all.cache_clear()
    yield copy
    load_all.cache_clear()


def test_a_compiled_contract_has_abi_and_code() -> None:
    exchange = load("UniswapExchange")
    assert any(entry.get("name") == "addLiquidity" for entry in exchange.abi)
    assert 0 < len(exchange.runtime) < len(exchange.creation)


def test_a_missing_build_is_named(build: Path) -> None:
    """P9: what to run is told."""
    build.unlink()
    with pytest.raises(ArtifactError, match="not compiled yet: run `ape compile`"):
        load("UniswapExchange")


@pytest.mark.parametrize("change", ["edited", "new"])
def test_a_build_of_older_sources_is_refused(build: Path, change: str) -> None:
    """P9: a contract that was changed or added since is named, not silently taken from the old build."""
    manifest = json.loads(build.read_text())
    if change == "edited":
        manifest["sources"]["contracts/exchange/UniswapExchange.sol"]["content"] += "// older"
    else:
        del manifest["sources"]["contracts/exchange/UniswapExchange.sol"]
    build.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match=r"contracts/exchange/UniswapExchange.sol was changed since"):
        load("UniswapFactory")


def test_an_unknown_contract_is_named() -> None:
    """P9: the name is told."""
    with pytest.raises(ArtifactError, match="no contract Nothing"):
        load("Nothing")


def test_libraries_left_below_the_contracts_are_cleared() -> None:
    left = artifacts.CONTRACTS / ".cache" / "library" / "Left.sol"
    left.parent.mkdir(parents=True)
    left.write_text("// left by a compilation that was cut off")
    compile_contracts()
    assert not left.exists()
    assert load("UniswapExchange").creation


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no reason given"),
        (keccak(text="AlreadySetUp()")[:4], "AlreadySetUp()"),
        (
            keccak(text="BelowMinimum(uint256,uint256)")[:4] + encode(["uint256", "uint256"], [2, 1]),
            "BelowMinimum(minimum=2, actual=1)",
        ),
        (keccak(text="Error(string)")[:4] + encode(["string"], ["too late"]), "Error(reason=too late)"),
        (keccak(text="Error(string)")[:4] + b"\x01", "revert data 0x08c379a001"),
        (keccak(text="Panic(uint256)")[:4] + encode(["uint256"], [17]), "Panic(code=17)"),
        (b"\x12\x34\x56\x78\x9a", "revert data 0x123456789a"),
        (keccak(text="BelowMinimum(uint256,uint256)")[:4] + b"\x01", "revert data 0x"),
    ],
)
def test_revert_data_is_put_into_words(data: bytes, words: str) -> None:
    """P9: whatever a contract answers, one line."""
    assert describe_revert(data).startswith(words)
