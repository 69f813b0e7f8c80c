"""Convicts participants who signed two updates of a round, which the stores kept."""

from __future__ import annotations

from eth_utils.address import to_checksum_address

from offchain.ppdl.network.docket import Docket
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.registry import Phase, Round
from offchain.ppdl.network.turns import Turns


class EquivocationWatcher:
    """Of one account. It looks once in each phase after the closing: no store takes updates then."""

    def __init__(self, ground: Ground, docket: Docket) -> None:
        self._ground = ground
        self._docket = docket
        self._turns = Turns(ground.address)
        self._looked: tuple[int, Phase] | None = None

    def step(self, round_: Round, now: int) -> str | None:
        """Does what is due at a time in Unix seconds; returns what it did, None if nothing was."""
        if self._looked == (round_.number, round_.phase):
            return None
        for index, uploads in self._ground.board(round_).signed.items():
            participant = to_checksum_address(round_.keys[index].participant)
            if len(uploads) < 2 or not self._ground.registry.bond_of(participant)[0]:
                continue
            if not self._turns.has_come(round_, index, now):
                return None
            shown = [part for upload in uploads[:2] for part in (upload.root, upload.signature)]
            self._ground.sender.transact(self._docket.contract.functions.proveEquivocation(round_.number, *shown))
            return f"convicted {participant}, who signed two updates of round {round_.number}"
        self._looked = (round_.number, round_.phase)
        return None
