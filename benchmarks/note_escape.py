"""A shielded note that escapes: made and proven by a real wallet once, then used again byte for byte."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from web3 import Web3

from offchain.deployment.manifest import Manifest
from offchain.units import ETHER
from offchain.wallet.escape import NoteEscapes
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.wallet.shielding import Shielding
from offchain.wallet.wallet import Wallet

RECORDING = Path(__file__).parent / "snapshots" / "note_escape.json"


@dataclass
class Recorded:
    """The note as it was recorded."""

    content: dict[str, Any] = field(default_factory=lambda: json.loads(RECORDING.read_text()))

    def shield(self, pool: str) -> dict[str, Any]:
        """The transaction that makes the note."""
        return dict(self.content["shield"])

    def escape(
        self, web3: Web3, manifest: Manifest, block: int, chain_id: int, contract: str, recipient: str
    ) -> tuple[Any, ...]:
        """Proof, signals, asset and recipient for `escapeNote`; `manifest` is the plasma chain's."""
        a, b, c = self.content["proof"]
        proof = ([int(one) for one in a], [[int(one) for one in pair] for pair in b], [int(one) for one in c])
        return (proof, [int(one) for one in self.content["signals"]], ETH, recipient)


class Recorder(Recorded):
    """Makes the note, and proves its escape."""

    def __init__(self, folder: Path) -> None:
        super().__init__({})
        self._folder, self._keys = folder, Seed(bytes([7]) * 16).keys()

    def shield(self, pool: str) -> dict[str, Any]:
        self.content["shield"] = Shielding.to(self._keys.address, ETH, ETHER).transaction(pool)
        return super().shield(pool)

    def escape(
        self, web3: Web3, manifest: Manifest, block: int, chain_id: int, contract: str, recipient: str
    ) -> tuple[Any, ...]:
        wallet = Wallet(self._keys, web3, manifest, self._folder)
        wallet.sync()
        escapes = NoteEscapes(self._keys, wallet.store, block, chain_id, contract)
        (notes,) = escapes.pairs(ETH)
        proven = escapes.build(notes, ETH, recipient)
        a, b, c = proven.proof.a, proven.proof.b, proven.proof.c
        self.content["proof"] = [list(map(str, a)), [list(map(str, pair)) for pair in b], list(map(str, c))]
        self.content["signals"] = [str(signal) for signal in proven.signals]
        return super().escape(web3, manifest, block, chain_id, contract, recipient)

    def save(self) -> None:
        """Writes the recording."""
        RECORDING.write_text(json.dumps(self.content, indent=1) + "\n")
