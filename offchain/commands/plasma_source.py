"""Where a node or a watcher has the plasma chain from: an embedded engine, or one's own node that seals by itself."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from offchain.commands.plasma_session import plasma_node
from offchain.errors import UserError

if TYPE_CHECKING:
    from offchain.plasma.root_chain import RootChain

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

engine_option = click.option(
    "--engine", metavar="URL", help="One's own node that seals by itself (Besu).  [default: an embedded engine]"
)


class SourceError(UserError):
    """Says in one line why a plasma chain isn't the right one."""


def check_source(engine: str | None, genesis_file: Path | None, follow: str | None) -> None:
    """Raises UsageError if options contradict each other."""
    if engine is None:
        needed(genesis_file)
    elif genesis_file is not None or follow is not None:
        raise click.UsageError("--genesis and --follow are for the embedded engine: not with --engine")


def needed(genesis_file: Path | None) -> Path:
    """The genesis file of an embedded engine. Raises UsageError without one."""
    if genesis_file is None:
        raise click.UsageError("--genesis is needed, or --engine for a node that seals by itself")
    return genesis_file


def own_engine(url: str, root: RootChain) -> int:
    """The id of the chain of the node at a URL. Raises UserError if it doesn't answer, or isn't a node of the plasma
    chain that the root chain's contracts are for."""
    chain_id, child = plasma_node(url, "--engine").chain_id(), root.child_chain_id
    if chain_id != child:
        raise SourceError(f"--engine {url} is of chain {chain_id}, the root chain's contracts are for chain {child}")
    return chain_id


def log_to_stderr() -> None:
    """Shows what the plasma chain's parts log."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("openmg.plasma").setLevel(logging.INFO)
