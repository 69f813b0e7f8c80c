"""Writes the genesis of a bridged plasma chain for Hyperledger Besu with QBFT.

    .venv/bin/python deploy/besu/make_genesis.py genesis.json --operator 0x... \\
        --validator 0x... --validator 0x... --validator 0x... --validator 0x...

The accounts are those of `openmg plasma genesis`: PlasmaBridge with all of the chain's ETH, and nobody else. The hard
fork is Cancun, which is what the contracts are compiled for.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a script, it finds its neighbours

from offchain.assets import checked_address
from offchain.command import Command
from offchain.errors import UserError
from offchain.plasma.bridge_genesis import bridge_account
from offchain.plasma.genesis import ALWAYS, GAS_LIMIT
from offchain.plasma.messages import BRIDGE
from offchain.plasma.qbft import MIX_HASH, VANITY_LENGTH, ExtraData
from offchain.plasma.records import to_hex

FEWEST = 4
"""Validators that bear one faulty one."""

BLOCK_SECONDS, ROUND_SECONDS, EPOCH_BLOCKS = 1, 4, 30_000
CHAIN_ID = 950328
"""Not the development chain's: on that one development keys are accepted."""

DEVELOPMENT_CHAIN_IDS = {31337, 950327}


class BesuGenesisError(UserError):
    """Says in one line why there is no such genesis."""


def extra_data(validators: Sequence[str]) -> bytes:
    """QBFT's extra data of the genesis block: vanity, validators in ascending order, no vote, round 0, no seals. Raises
    BesuGenesisError if they are too few, or one is there twice."""
    members = sorted(bytes.fromhex(checked_address(one)[2:]) for one in validators)
    if len(set(members)) < len(members):
        raise BesuGenesisError("a validator is named twice")
    if len(members) < FEWEST:
        raise BesuGenesisError(f"{len(members)} validators bear no faulty one: name at least {FEWEST}")
    return ExtraData(bytes(VANITY_LENGTH), tuple(members)).encoded()


def besu_genesis(operator: str, validators: Sequence[str], chain_id: int, timestamp: int) -> dict[str, Any]:
    """The genesis file's content. `operator` is the account that delivers, `timestamp` the genesis block's time in Unix
    seconds. Raises BesuGenesisError, and what a wrong address raises."""
    if chain_id in DEVELOPMENT_CHAIN_IDS:
        raise BesuGenesisError(f"chain id {chain_id} is a development chain's, where anyone's proofs are taken")
    forks: dict[str, Any] = {f"{name}Block": 0 for name in (*ALWAYS, "london")}
    return {
        "config": {
            "chainId": chain_id,
            **forks,
            "shanghaiTime": 0,
            "cancunTime": 0,
            "zeroBaseFee": True,
            "qbft": {
                "blockperiodseconds": BLOCK_SECONDS,
                "epochlength": EPOCH_BLOCKS,
                "requesttimeoutseconds": ROUND_SECONDS,
            },
        },
        "nonce": "0x0",
        "timestamp": hex(timestamp),
        "extraData": to_hex(extra_data(validators)),
        "gasLimit": hex(GAS_LIMIT),
        "difficulty": "0x1",
        "mixHash": to_hex(MIX_HASH),
        "coinbase": to_hex(bytes(20)),
        "baseFeePerGas": "0x0",
        "alloc": {BRIDGE.lower(): bridge_account(checked_address(operator))},
    }


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--operator", required=True, metavar="ADDRESS", help="Account that delivers deposits.")
@click.option("--validator", "validators", multiple=True, required=True, metavar="ADDRESS", help="Four or more times.")
@click.option("--chain-id", type=click.IntRange(1), default=CHAIN_ID, show_default=True)
def cli(file: Path, operator: str, validators: tuple[str, ...], chain_id: int) -> None:
    """Writes the genesis FILE of a plasma chain whose blocks Besu's validators seal."""
    if file.exists():
        raise BesuGenesisError(f"{file} exists: a chain with another genesis is another chain, move it away")
    content = besu_genesis(operator, validators, chain_id, int(time.time()))
    try:
        file.write_text(json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise BesuGenesisError(f"{file} can't be written: {error}") from error
    click.echo(f"{file}: chain {chain_id}, {len(validators)} validators. Give the same file to every node.")


if __name__ == "__main__":
    cli()
