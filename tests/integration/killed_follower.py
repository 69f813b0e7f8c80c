"""Follows a chain in processes that are killed at each statement in turn; says whether all end with the same tables.

`python -m tests.integration.killed_follower RPC DEPLOYMENTS EVERY URL...` takes a database for each kill, and first one
for the reference; all hold the same. It loads everything once and forks, so that hundreds of kills take seconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import event

from offchain.chains import connect
from offchain.deployment.manifest import Manifest
from offchain.history.database import Database
from offchain.indexer import follower as module
from offchain.indexer.follower import Follower
from offchain.node import Node
from tests.integration.grid import contents

BLOCKS_AT_ONCE = 12


def follow(url: str, rpc: str, deployments: Path, killed_at: int | None) -> dict[str, Any]:
    """Follows to the chain's end; what is in the tables then. Before statement or commit `killed_at` it is killed."""
    database = Database(url)
    module.BLOCKS_AT_ONCE = BLOCKS_AT_ONCE
    done = count(1)

    def reached(*_: Any) -> None:
        if next(done) == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "commit"):
        event.listen(database._writer, name, reached)
    node = Node(connect(rpc))
    Follower(database, node, Manifest.open(node.chain_id(), deployments)).catch_up()
    return contents(database)


def forked(work: Callable[[], Any]) -> Any:
    """What a child process works out; None if it was killed."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with os.fdopen(write, "w") as out:
            out.write(json.dumps(work(), default=str))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        answer = told.read()
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return json.loads(answer) if status == 0 else None


def main() -> None:
    rpc, deployments, every, reference_url, *urls = sys.argv[1:]
    folder = Path(deployments)
    reference = forked(lambda: follow(reference_url, rpc, folder, None))
    kills = 0
    for place, url in zip(count(1, int(every)), urls, strict=False):
        if forked(lambda url=url, place=place: follow(url, rpc, folder, place)) is not None:  # type: ignore[misc]
            break
        kills += 1
        assert forked(lambda url=url: follow(url, rpc, folder, None)) == reference, place  # type: ignore[misc]
    else:
        raise AssertionError(f"{kills} databases were too few")
    sys.stdout.write(json.dumps({"kills": kills, "swaps": len(reference["swaps"])}) + "\n")


if __name__ == "__main__":
    main()
