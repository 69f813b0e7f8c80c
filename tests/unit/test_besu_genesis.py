"""What is shipped for Besu: a genesis of the same accounts, and nodes that strangers can't command."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import rlp
from click.testing import CliRunner

from deploy.besu.make_genesis import BesuGenesisError, besu_genesis, cli, extra_data
from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.plasma.bridge_genesis import SUPPLY, bridge_genesis
from offchain.plasma.genesis import Genesis
from offchain.plasma.messages import BRIDGE
from offchain.sender import development_account

BESU = PROJECT / "deploy" / "besu"
OPERATOR, *VALIDATORS = (str(development_account(index).address) for index in range(5))
CHAIN_ID = 77
SAFE_APIS = ["ETH", "NET", "WEB3"]

EXAMPLE_VALIDATORS = [
    "0x64a702e6263b7297a96638cac6ae65e6541f4169",
    "0x943923390ad55e90c237593b3b0e401f3b08a031",
    "0xaefdb9a738c9f433e5b6b212a6d62f6370c2f692",
    "0xc7eeb9a4e00ce683cf93039b212648e01c6c6b78",
]
EXAMPLE = (
    "f87aa00000000000000000000000000000000000000000000000000000000000000000f8549464a702e6263b7297a96638cac6ae65e6541f4169"
    "94943923390ad55e90c237593b3b0e401f3b08a03194aefdb9a738c9f433e5b6b212a6d62f6370c2f69294c7eeb9a4e00ce683cf93039b212648"
    "e01c6c6b78c080c0"
)
"""The extra data that Besu's documentation of QBFT shows for these validators."""


def test_extra_data_is_what_besu_documents() -> None:
    assert extra_data(EXAMPLE_VALIDATORS).hex() == EXAMPLE


def test_extra_data_names_the_validators_and_nothing_else() -> None:
    vanity, members, vote, number, seals = rlp.decode(extra_data(VALIDATORS))
    assert members == sorted(bytes.fromhex(one[2:]) for one in VALIDATORS)
    assert (vanity, vote, number, seals) == (bytes(32), [], b"", [])
    assert extra_data(VALIDATORS[::-1]) == extra_data(VALIDATORS)


@pytest.mark.parametrize(
    ("validators", "reason"),
    [
        (VALIDATORS[:3], "3 validators bear no faulty one"),
        ([*VALIDATORS[:3], VALIDATORS[0]], "named twice"),
        ([*VALIDATORS[:3], "0x12"], "0x12 is no address"),
    ],
)
def test_wrong_validators_are_refused(validators: list[str], reason: str) -> None:
    """P9 too few, doubled or mistyped validators."""
    with pytest.raises(UserError, match=reason):
        extra_data(validators)


@pytest.mark.parametrize("chain_id", [31337, 950327])
def test_development_chain_ids_are_refused(chain_id: int) -> None:
    """P9 a chain of value under an id where development keys are taken."""
    with pytest.raises(BesuGenesisError, match="development chain"):
        besu_genesis(OPERATOR, VALIDATORS, chain_id, 1)


def test_accounts_are_those_of_the_embedded_chain() -> None:
    content = besu_genesis(OPERATOR, VALIDATORS, CHAIN_ID, 1)
    assert content["alloc"] == bridge_genesis(OPERATOR, CHAIN_ID, 1).accounts
    assert list(content["alloc"]) == [BRIDGE.lower()]
    assert int(content["alloc"][BRIDGE.lower()]["balance"], 16) == SUPPLY


def test_nobody_pays_for_gas_and_no_ether_is_made() -> None:
    config = besu_genesis(OPERATOR, VALIDATORS, CHAIN_ID, 1)["config"]
    assert config["zeroBaseFee"] is True
    assert "blockreward" not in config["qbft"]


def test_the_command_writes_a_genesis_once(tmp_path: Path) -> None:
    """P9 a second genesis doesn't replace the first."""
    file = tmp_path / "genesis.json"
    arguments = [str(file), "--operator", OPERATOR, "--chain-id", str(CHAIN_ID)]
    arguments += [part for one in VALIDATORS for part in ("--validator", one)]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    written = file.read_bytes()
    assert json.loads(written)["config"]["chainId"] == CHAIN_ID
    assert Genesis.read(file).chain_id == CHAIN_ID
    again = CliRunner().invoke(cli, arguments)
    assert again.exit_code == 1
    assert again.output.count("\n") == 1
    assert file.read_bytes() == written


def test_nodes_offer_safe_methods_to_their_own_machine_alone() -> None:
    config = tomllib.loads((BESU / "config.toml").read_text())
    assert config["rpc-http-api"] == SAFE_APIS
    assert config["rpc-http-host"] == "127.0.0.1"
    assert not config["rpc-ws-enabled"]
    assert config["min-gas-price"] == 0


def test_nodes_know_each_other() -> None:
    nodes = json.loads((BESU / "static-nodes.json").read_text())
    assert len(nodes) == len(set(nodes)) == 4
    assert all(one.startswith("enode://") for one in nodes)
