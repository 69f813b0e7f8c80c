"""Compiled contracts: never those of older sources."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain import artifacts
from offchain.artifacts import ArtifactError, compile_contracts, describe_revert, load, load_all
from offchain.environment import PROJECT


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the build folder, to be spoiled."""
    copy = Path(shutil.copytree(artifacts.BUILD.parent, tmp_path / "build"))
    monkeypatch.setattr(artifacts, "BUILD", copy / artifacts.BUILD.name)
    monkeypatch.setattr(artifacts, "FINGERPRINT", copy / artifacts.FINGERPRINT.name)
    load_all.cache_clear()
    yield copy
    load_all.cache_clear()


def test_a_compiled_contract_has_abi_and_code() -> None:
    exchange = load("UniswapExchange")
    assert any(entry.get("name") == "addLiquidity" for entry in exchange.abi)
    assert 0 < len(exchange.runtime) < len(exchange.creation)


def test_a_missing_build_is_named(build: Path) -> None:
    """P9: what to run is told."""
    artifacts.BUILD.unlink()
    with pytest.raises(ArtifactError, match="not compiled yet: run `make build`"):
        load("UniswapExchange")


@pytest.mark.parametrize("change", ["source", "new", "settings"])
def test_a_build_of_older_sources_is_refused(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """P9: no contract is silently taken from an old build, whatever was changed since."""
    project = tmp_path / "project"
    shutil.copytree(artifacts.CONTRACTS, project / "contracts", ignore=shutil.ignore_patterns(".cache"))
    for name in ("ape-config.yaml", "package-lock.json"):
        shutil.copy(PROJECT / name, project)
    monkeypatch.setattr(artifacts, "PROJECT", project)
    monkeypatch.setattr(artifacts, "CONTRACTS", project / "contracts")
    assert load("UniswapFactory").creation
    load_all.cache_clear()
    changed = {
        "source": "contracts/exchange/LiquidityToken.sol",
        "new": "contracts/exchange/New.sol",
        "settings": "ape-config.yaml",
    }
    with (project / changed[change]).open("a") as file:
        file.write("\n")
    with pytest.raises(ArtifactError, match="changed since they were compiled: run `make build`"):
        load("UniswapFactory")


def test_an_up_to_date_build_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_contracts()
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("compiled again"))
    compile_contracts()
    assert load("UniswapExchange").creation


def test_an_unknown_contract_is_named() -> None:
    """P9: the name is told."""
    with pytest.raises(ArtifactError, match="no contract Nothing"):
        load("Nothing")


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
