"""Follows the chains' events into the database of the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from offchain.command import Command
from offchain.commands.output import answer, go_on, json_option
from offchain.commands.plasma_session import root_option
from offchain.commands.reporting import reporting
from offchain.commands.session import SessionError, rpc_option

if TYPE_CHECKING:
    from offchain.api.followed import Chains, FollowedChain
    from offchain.history.database import Database
    from offchain.indexer.indexer import Indexer

SECONDS = 1.0
"""Between two looks at the chains."""


@click.command(cls=Command)
@rpc_option
@root_option
@json_option
def index(rpc: str | None, root_url: str | None, as_json: bool) -> None:
    """Follows the events of the plasma chain, and of the root chain if there is one, until Ctrl-C.

    \b
    openmg api index
    openmg api index --rpc http://127.0.0.1:8546 --root http://127.0.0.1:8545
    """
    from offchain.history.database import Database
    from offchain.indexer.contracts import followed_in
    from offchain.indexer.indexer import only_writer
    from offchain.settings import settings

    chains = chains_of(rpc, root_url)
    if not chains.followed:
        raise SessionError("no chain runs here: start it with `make chains`, or name a node with --rpc")
    if not any(followed_in(chain.manifest) for chain in chains.followed):
        raise SessionError("nothing to follow is deployed: run `ape run deploy`")
    present = [chain.id for chain in chains.followed]
    database = Database(settings.database)
    with only_writer(database):
        content = {"chains": present, "database": database.place}
        answer(as_json, content, f"Follows chain {' and '.join(map(str, present))} into {database.place}")
        click.get_text_stream("stdout").flush()
        with reporting():
            go_on("index", indexer_of(database, chains).step, SECONDS)
    database.close()


def chains_of(rpc: str | None, root_url: str | None, models: Path | None = None) -> Chains:
    """The chains of these nodes; without a node the local ones, if they run. Raises UserError."""
    from offchain.api.followed import Chains
    from offchain.chains import PLASMA, ROOT, find
    from offchain.ppdl.inference.served import ChainModels

    found = {"--rpc": find(PLASMA) if rpc is None else None, "--root": find(ROOT) if root_url is None else None}
    urls = {name: chain.url for name, chain in found.items() if chain is not None}
    urls |= {name: url for name, url in (("--rpc", rpc), ("--root", root_url)) if url is not None}
    chains = {name: _chain(name, url) for name, url in urls.items()}
    return Chains(chains.get("--rpc"), chains.get("--root"), None if models is None else ChainModels(models))


def indexer_of(database: Database, chains: Chains) -> Indexer:
    """What follows these chains into a database."""
    from offchain.indexer.follower import Follower
    from offchain.indexer.indexer import Indexer

    return Indexer([Follower(database, chain.node, chain.manifest) for chain in chains.followed])


@contextmanager
def indexing(database: Database, chains: Chains) -> Iterator[None]:
    """Follows the chains in a thread, until the block ends. Raises IndexerError if another process does."""
    from threading import Event, Thread

    from offchain.indexer.indexer import only_writer

    ended = Event()
    indexer = indexer_of(database, chains)
    thread = Thread(target=go_on, args=("index", indexer.step, SECONDS, ended.is_set), daemon=True)
    with only_writer(database):
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _chain(option: str, url: str) -> FollowedChain:
    from offchain.api.followed import FollowedChain
    from offchain.chains import connect
    from offchain.deployment.manifest import Manifest
    from offchain.http_client import is_address
    from offchain.node import Node

    if not is_address(url):
        raise SessionError(f"{option} {url}: give http://HOST:PORT")
    return FollowedChain.at(url, Manifest.open(Node(connect(url)).chain_id()))
