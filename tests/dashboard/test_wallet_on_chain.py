"""The wallet in TypeScript on a real chain: it restores from words, pays through a relayer with proofs of its own, and
reads what the wallet in Python reads."""

from __future__ import annotations

import json
import re
from dataclasses import astuple
from pathlib import Path

from web3 import Web3

from offchain.units import ETHER
from offchain.wallet.history import EntryKind
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.zk.circuits import KEYS
from tests.dashboard.package import needs_packages, npx
from tests.dashboard.scene import CONSUMER, OPERATOR, scene

PAYER, PAYEE = 1, 2
RECIPIENT = Web3.to_checksum_address("0x" + "77" * 20)


@needs_packages
def test_wallet_in_typescript_on_a_chain(tmp_path: Path) -> None:
    """P1 P2 P3 its proofs are accepted by the contracts, its payment is read by Python, its history is Python's."""
    with scene(tmp_path) as stage:
        payer, payee = stage.wallet(PAYER, tmp_path / "payer"), stage.wallet(PAYEE, tmp_path / "payee")
        for ether in (1, 2):
            payer.shield(ether * ETHER, ETH, stage.sender(CONSUMER))
        stage.sender(OPERATOR).transact(stage.manifest.contract(stage.web3, "pool").functions.flush(1024))
        told, described = tmp_path / "told.json", tmp_path / "scene.json"
        described.write_text(
            json.dumps(
                {
                    "network": network_of(stage.manifest.contracts, stage.node, stage.relayer),
                    "words": Seed(bytes([PAYER] * 16)).words,
                    "receiver": str(payee.address),
                    "recipient": RECIPIENT,
                    "keys": str(KEYS),
                    "told": str(told),
                }
            )
        )
        printed = npx("vitest", "run", "test/chain.test.ts", environment={"OPENMG_CHAIN": str(described)})
        assert re.search(r"Tests\s+5 passed", printed), printed
        payee.sync()
        assert [(entry.kind, entry.amount) for entry in payee.history()] == [(EntryKind.RECEIVED, 5 * ETHER // 2)]
        assert stage.web3.eth.get_balance(RECIPIENT) == ETHER // 4
        payer.sync()
        expected = [[str(value) for value in astuple(entry)[:8]] for entry in payer.history()]
        found = [
            [str(value) for value in (kind, asset, amount, transaction, block, time, fee, counterparty)]
            for kind, asset, amount, transaction, block, time, fee, counterparty in json.loads(told.read_text())
        ]
        assert found == expected


def network_of(contracts: dict[str, dict[str, str]], node: str, relayer: str) -> dict[str, object]:
    """A page's network file."""
    address = {name: entry["address"] for name, entry in contracts.items()}
    return {
        "chain_id": 950327,
        "node": node,
        "relayer": relayer,
        "keys": "/keys/",
        "tokens": {name: address[name] for name in ("MG1", "MG2")},
        **{name: address[name] for name in ("pool", "registry", "factory")},
    }
