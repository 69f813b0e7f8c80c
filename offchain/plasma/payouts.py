"""What every way out of the vault ends with: what became somebody's is paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender


def claim(root: RootChain, sender: Sender, owner: str, assets: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Has the vault pay an account what is its own, whoever sends that; yields asset and base units. Raises
    TransactionError if the account doesn't take it."""
    vault = root.vault.functions
    for asset in dict.fromkeys(assets):
        amount = int(root.node.ask(vault.claimable(asset, owner)))
        if amount:
            sender.transact(vault.claim(asset, owner))
            yield asset, amount
