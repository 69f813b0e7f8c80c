"""Several stores as one: what one leaves out, loses or can't answer for is had from another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from offchain.ppdl.network.publication import Kind, NoAnswer, Publication, PublicationError
from offchain.ppdl.network.store import Store

REST_SECONDS = 10.0
"""For which a store that didn't answer, or was slow, isn't asked again, if there is another; at least."""
SLOW_SECONDS = 3.0
REST_FACTOR = 10
"""It rests so many times as long as one waited for it: that is how little of a home's time it can take."""

Answer = TypeVar("Answer")


class Stores:
    """Publishes to all and reads from all that answer. At least one."""

    def __init__(self, stores: Sequence[Store]) -> None:
        if not stores:
            raise ValueError("there is no store")
        self._stores = list(stores)
        self._rests_until = [0.0] * len(stores)

    def publish(self, publication: Publication) -> None:
        """Raises PublicationError with a reason if none accepts it."""
        self._ask(lambda store: store.publish(publication))

    def publications(self, round_: int, kind: Kind) -> list[Publication]:
        """What any has, each once. Raises PublicationError if none answers."""
        found: dict[tuple[bytes, bytes], Publication] = {}
        for listed in self._ask(lambda store: store.publications(round_, kind)):
            found |= {(one.sender, one.content): one for one in listed}
        return list(found.values())

    def _ask(self, question: Callable[[Store], Answer]) -> list[Answer]:
        answers: list[Answer] = []
        problem: PublicationError | None = None
        for place in self._awake():
            began, failed = time.monotonic(), False
            try:
                answers.append(question(self._stores[place]))
            except NoAnswer as error:
                failed = True
                problem = problem or error  # that a store refused says more
            except PublicationError as error:
                problem = error
            self._rest(place, time.monotonic() - began, failed)
        if not answers and problem is not None:
            raise problem
        return answers

    def _rest(self, place: int, waited: float, failed: bool) -> None:
        """Lets a store rest that didn't answer, or for which one waited too long, in seconds."""
        if failed or waited > SLOW_SECONDS:
            self._rests_until[place] = time.monotonic() + max(REST_SECONDS, REST_FACTOR * waited)

    def _awake(self) -> Iterator[int]:
        """The places of those to be asked: all, if none is awake."""
        now = time.monotonic()
        awake = [place for place, until in enumerate(self._rests_until) if until <= now]
        return iter(awake or range(len(self._stores)))
