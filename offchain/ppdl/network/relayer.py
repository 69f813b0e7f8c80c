"""Relays headers: once enough of the committee signed one, anyone can send it."""

from __future__ import annotations

from dataclasses import astuple

from offchain.ppdl.model_chain.block import QUORUM
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.registry import Phase, Round
from offchain.ppdl.network.steward import Steward
from offchain.ppdl.network.synced_chain import votes


class HeaderRelayer:
    """Steps of an account that needs no bond."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._steward = Steward(ground)

    def step(self, round_: Round) -> str | None:
        """Relays the header of a final round if enough signed it; returns what it did, None if it didn't. Raises
        UserError for what stands in the way."""
        if round_.phase != Phase.FINAL or round_.closing is None:
            return None
        outcome = self._steward.outcome(round_)
        if outcome is None:
            return None
        header = self._steward.header(round_, outcome)
        signed = votes(header, outcome.evidence, self._ground.store, self._ground.registry)
        if len(signed) < QUORUM:
            return None
        seats = outcome.evidence.committee()
        members = [keys.participant for keys in round_.keys]
        cast = [(seat, members.index(seats[seat]), signed[seat]) for seat in sorted(signed)[:QUORUM]]
        call = self._ground.registry.contract.functions.relay(astuple(header), round_.closing.alive.bitmap, cast)
        self._ground.sender.transact(call)
        return f"relayed header {header.number}"
