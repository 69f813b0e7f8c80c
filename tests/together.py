"""Gives the files that share a costly scene to one process, so that it is set up once."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

ATTACKS = "tests/integration/test_attacks_"
"""All of them begin on one stage with six proofs."""


class TogetherScheduling(LoadFileScheduling):  # type: ignore[misc]
    """As `--dist loadfile`, with the files of attacks as one."""

    def _split_scope(self, nodeid: str) -> str:
        return ATTACKS if nodeid.startswith(ATTACKS) else str(super()._split_scope(nodeid))
