"""A node: what the participants on one machine answer to a server that they don't trust.

Every answer may come from a new process: all that must be remembered is in the participants' records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import chunk_tree, to_bytes, to_chunks
from offchain.ppdl.aggregation.messages import Message, Update
from offchain.ppdl.aggregation.participant import Participant
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.flower import wire
from offchain.ppdl.flower.board import Checked
from offchain.ppdl.flower.federation import Federation, FederationError
from offchain.ppdl.flower.rounds import RoundError, Rounds
from offchain.ppdl.flower.statements import Alive, Keys, Seeds

T = TypeVar("T")
Train = Callable[[int, bytes], NDArray[np.int32]]
"""Trains all participants of a node in a round from a state (as in `AskUpdate`): their updates, shape (participants,
lanes), in the order of their accounts."""


class Node:
    """Participants of a federation, by their accounts. Raises FederationError if one isn't of it, and RoundError if
    the folder can't be used."""

    def __init__(self, federation: Federation, accounts: Sequence[LocalAccount], folder: Path, train: Train) -> None:
        self._federation = federation
        self._accounts: dict[bytes, LocalAccount] = {
            to_canonical_address(account.address): account for account in accounts
        }
        strangers = set(self._accounts) - federation.members
        if strangers:
            raise FederationError(f"0x{min(strangers).hex()} is no participant of {federation.name}")
        self._rounds = Rounds(folder)
        self._train = train

    def answer(self, content: bytes) -> bytes:
        """The answer to a server's message. Raises a UserError if it is one that no participant answers."""
        ask = wire.decode_ask(content)
        if isinstance(ask, wire.AskKeys):
            return wire.encode(self._keys(ask.round))
        self._rounds.check(ask.board.round)
        board = Checked(self._federation, ask.board)
        match ask:
            case wire.AskSeeds():
                return wire.encode(self._seeds(board))
            case wire.AskUpdate():
                return wire.encode(self._upload(board, ask.state))
            case wire.AskAlive():
                return wire.encode(self._stand_by(board))
            case wire.AskReveal():
                return wire.encode(self._revealed(board))

    def _keys(self, round_: int) -> wire.Said:
        if round_ > self._federation.rounds:
            raise RoundError(f"round {round_} is none of {self._federation.rounds}")
        self._rounds.begin(round_)

        def say(participant: Participant) -> wire.SignedKeys:
            keys = participant.keys()
            signature = self._sign(participant, Keys(round_, keys.channel_key, keys.mask_key))
            return wire.SignedKeys(participant.address, keys.channel_key, keys.mask_key, signature)

        said, refusals = self._each(say)
        return wire.Said(keys=said, refusals=refusals)

    def _seeds(self, board: Checked) -> wire.Said:
        def say(participant: Participant) -> wire.SignedSeeds:
            commitment, parcel = participant.share(board.transcript)
            root, seed = commitment.shares_root, board.transcript.graph.seed
            signature = self._sign(participant, Seeds(board.round, seed, commitment.tree().root, root))
            index = board.index(participant.address)
            return wire.SignedSeeds(index, root, commitment.seed_hashes, signature, parcel.to_bytes())

        said, refusals = self._each(say)
        return wire.Said(seeds=said, refusals=refusals)

    def _upload(self, board: Checked, state: bytes) -> wire.Said:
        updates: dict[bytes, NDArray[np.int32]] = dict(
            zip(self._accounts, self._train(board.round, state), strict=True)
        )

        def say(participant: Participant) -> wire.Upload:
            masked = participant.upload(to_chunks(updates[participant.address]), board.transcript)
            signature = self._sign(participant, Update(board.round, chunk_tree(masked).root))
            return wire.Upload(board.index(participant.address), to_bytes(masked), signature)

        said, refusals = self._each(say)
        return wire.Said(uploads=said, refusals=refusals)

    def _stand_by(self, board: Checked) -> wire.Said:
        def say(participant: Participant) -> wire.SignedAlive:
            self._reveal(board, participant)  # kept, and told nobody: it could reveal shares for these alive alone
            signature = self._sign(participant, Alive(board.round, board.transcript.graph.seed, board.alive_root))
            return wire.SignedAlive(board.index(participant.address), signature)

        said, refusals = self._each(say)
        return wire.Said(alive=said, refusals=refusals)

    def _revealed(self, board: Checked) -> wire.Said:
        board.check_standing()

        def say(participant: Participant) -> wire.Revealed:
            reveal = self._reveal(board, participant)
            return wire.Revealed(reveal.participant, reveal.to_bytes(board.transcript.graph))

        said, refusals = self._each(say)
        if not refusals:
            self._rounds.finish()
        return wire.Said(revealed=said, refusals=refusals)

    def _reveal(self, board: Checked, participant: Participant) -> Reveal:
        return participant.reveal(board.alive, board.update_roots, board.update_roots.items(), board.transcript)

    def _sign(self, participant: Participant, statement: Message) -> bytes:
        return self._federation.domain.sign(statement, self._accounts[participant.address])

    def _each(self, say: Callable[[Participant], T]) -> tuple[tuple[T, ...], tuple[str, ...]]:
        """What each participant says, and why others refuse."""
        said, refusals = [], []
        for address in self._accounts:
            try:
                with closing(self._rounds.record(address)) as record:
                    said.append(say(Participant(self._rounds.latest, address, record)))
            except UserError as error:
                refusals.append(f"0x{address.hex()}: {error}"[:1000])
        return tuple(said), tuple(refusals)
