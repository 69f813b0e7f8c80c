"""A chain with our contracts and the original ones, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.invariant.pair import Pair, running_pair


@pytest.fixture(scope="session")
def pair() -> Iterator[Pair]:
    """Our contracts and Uniswap V1's own bytecode. Independent of Ape's provider."""
    with running_pair() as both:
        yield both
