"""The stage that the tests of attacks share: one chain and one set of honest proofs, as they were at its beginning."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.stage import Stage, staged


@pytest.fixture(scope="session")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def early(beginning: Stage) -> Iterator[Stage]:
    """The stage at its beginning, where readings can still be corrected; what a test does on chain is taken back."""
    snapshot = beginning.call("evm_snapshot")
    readings = dict(beginning.readings)
    yield beginning
    beginning.readings.update(readings)
    assert beginning.call("evm_revert", snapshot)


@pytest.fixture
def stage(early: Stage) -> Stage:
    """The stage with the correction window over: every honest operation is accepted."""
    early.open()
    return early
