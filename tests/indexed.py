"""An index of contracts that a test deployed, and the API on top."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from web3 import Web3

from offchain.api.application import Rules, application
from offchain.api.followed import Chains, FollowedChain
from offchain.api.watch import json_log
from offchain.deployment.manifest import Manifest
from offchain.history.database import Database
from offchain.indexer.follower import Follower
from offchain.node import Node
from tests.history import opened

RULES = Rules(per_minute=1_000_000)


def client(database: Database, chains: Chains, clock: Callable[[], float] = time.time) -> TestClient:
    """The API, whose log nobody reads."""
    return TestClient(application(database, RULES, json_log(io.StringIO()), chains, clock))


@dataclass(frozen=True)
class Indexed:
    """Contracts of one chain, as root chain and plasma chain at once."""

    follower: Follower
    api: TestClient

    def get(self, path: str) -> Any:
        """The content of an answer, once all blocks are taken."""
        self.follower.catch_up()
        answer = self.api.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def indexed(web3: Web3, folder: Path, contracts: Mapping[str, str]) -> Iterator[Indexed]:
    """An index of contracts, by kind and address."""
    manifest = Manifest.open(web3.eth.chain_id, folder / "deployments")
    for kind, address in contracts.items():
        manifest.record(kind, kind, address)
    chain = FollowedChain(Node(web3), manifest)
    with opened("sqlite", folder) as database:
        yield Indexed(Follower(database, chain.node, manifest), client(database, Chains(chain, chain)))
