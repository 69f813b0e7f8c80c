"""Everything a participant does, step by step: opens rounds that nobody else opened, takes part, brings them on."""

from __future__ import annotations

from collections.abc import Iterator

from offchain.errors import UserError
from offchain.ppdl.network.member import Ground, Member, Train
from offchain.ppdl.network.private_part import PrivatePart
from offchain.ppdl.network.registry import Phase, Round
from offchain.ppdl.network.steward import Steward, is_over


class Participation:
    """Of one account that has joined; `private` is its part in private mode, where the task asks for one. It opens no
    round once the model chain has `rounds` headers (None: always)."""

    def __init__(
        self, ground: Ground, train: Train, rounds: int | None = None, private: PrivatePart | None = None
    ) -> None:
        self.ground = ground
        self._rounds = rounds
        self._member = Member(ground, train, private)
        self._steward = Steward(ground)
        self._number = 0

    def step(self) -> Iterator[str]:
        """Does what is due now; yields what it did, in a few words. Raises UserError for what stands in the way: a
        later step may succeed."""
        registry = self.ground.registry
        round_, now = registry.round(), registry.node.time()
        if round_.phase == Phase.NONE and round_.number:
            self._member.forget(round_.number)
        if is_over(round_, registry.rules, now):
            if self._rounds is None or registry.head() < self._rounds:
                yield self._steward.open()
                round_ = registry.round()
            else:
                return
        if round_.number != self._number:
            self._member.forget_before(round_.number)
            self._number = round_.number
            self.ground.synced.update()
        said = self._step(round_, now)
        if said is not None:
            yield said

    def _step(self, round_: Round, now: int) -> str | None:
        """One step. What hinders it to take part is no reason not to bring the round on, or to convict who lied."""
        hindrance: UserError | None = None
        for step in (self._member.step, self._steward.step):
            try:
                said = step(round_, now)
            except UserError as error:
                hindrance = hindrance or error
                continue
            if said is not None:
                return said
        if hindrance is not None:
            raise hindrance
        return None

    def close(self) -> None:
        """Lets another process go on."""
        self._member.close()
