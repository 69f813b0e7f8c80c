"""A deposit, a checkpoint, an exit: the whole way round (P5)."""

from __future__ import annotations

from typing import Any

from offchain.units import ETHER
from tests.plasma.stage import ETH, Plasma


def test_deposit_checkpoint_exit(plasma: Plasma, prosumer: Any, recipient: Any) -> None:
    message = plasma.deposit(prosumer, 3 * ETHER)
    plasma.chain.deliver(message)
    plasma.chain.seal()
    exit_ = plasma.chain.burn(ETH, prosumer, recipient, 2 * ETHER)
    plasma.seal_and_submit()
    plasma.start_exit(exit_)
    plasma.finalise()
    plasma.vault.releaseExit(exit_.abi(), sender=plasma.owner)
    assert plasma.vault.claimable(ETH, recipient) == 2 * ETHER
    before = recipient.balance
    plasma.vault.claim(ETH, recipient, sender=plasma.owner)
    assert recipient.balance == before + 2 * ETHER
    assert plasma.vault.held(ETH) == ETHER


def test_receipt_exit(plasma: Plasma, prosumer: Any, recipient: Any) -> None:
    plasma.chain.deliver(plasma.deposit(prosumer, 3 * ETHER))
    exit_ = plasma.chain.burn(ETH, prosumer, recipient, 2 * ETHER)
    plasma.seal_and_submit()
    proof = plasma.receipt_proof(plasma.chain.head, 1)
    plasma.vault.startExitByReceipt(proof.abi(), 0, sender=plasma.owner)
    assert plasma.vault.exitOf(plasma.vault.exitKey(exit_.abi())) == (1, 0)
