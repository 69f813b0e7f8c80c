"""Relays headers: once enough of the committee signed one, anyone can send it."""

from __future__ import annotations

from dataclasses import astuple

from eth_utils.address import to_checksum_address

from offchain.ppdl.model_chain.block import QUORUM
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.reckoning import Reckoning
from offchain.ppdl.network.registry import Phase, Round
from offchain.ppdl.network.synced_chain import votes


class HeaderRelayer:
    """Steps of an account that needs no bond."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._reckoning = Reckoning(ground)

    def step(self, round_: Round) -> str | None:
        """Relays the header of a final round if enough signed it; returns what it did, None if it didn't. Raises
        UserError for what stands in the way."""
        if round_.phase != Phase.FINAL or round_.closing is None:
            return None
        outcome = self._reckoning.outcome(round_)
        if outcome is None:
            return None
        header = self._reckoning.header(round_, outcome)
        seats, registry = outcome.evidence.committee(), self._ground.registry
        signed = votes(header, outcome.evidence, self._ground.store, registry)
        signed = {seat: vote for seat, vote in signed.items() if registry.bond_of(to_checksum_address(seats[seat]))[0]}
        if len(signed) < QUORUM:
            return None
        members = [keys.participant for keys in round_.keys]
        cast = [(seat, members.index(seats[seat]), signed[seat]) for seat in sorted(signed)[:QUORUM]]
        call = registry.contract.functions.relay(astuple(header), round_.closing.alive.bitmap, cast)
        self._ground.sender.transact(call)
        return f"relayed header {header.number}"
