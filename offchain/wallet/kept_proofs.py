"""What a wallet keeps so that its money can leave a plasma chain that has ended, whoever is still there: proofs of what
is its own after a checkpoint's last block. Nodes have that state for some minutes only.

What is found is verified against the checkpoint. That a node leaves something out is not noticed: who doubts it asks
another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offchain import durable_file
from offchain.errors import UserError
from offchain.node import Node
from offchain.plasma.checkpoint import Submission
from offchain.plasma.escape import EscapeError, Escapes, StateProofs, bridged_token
from offchain.plasma.exports import read_export
from offchain.plasma.messages import BRIDGE
from offchain.plasma.records import RecordError
from offchain.plasma.root_chain import RootChain
from offchain.wallet.note import ETH
from offchain.wallet.wallet import Wallet


class KeptProofsError(UserError):
    """Says in one line why kept proofs can't be read or written."""


@dataclass(frozen=True)
class KeptProofs:
    """The proofs, the checkpoint whose last state they are of, and what they are of in words."""

    submission: Submission
    proofs: StateProofs
    found: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Writes the file in one step. Raises KeptProofsError if it can't be written."""
        content = {
            "submission": self.submission.to_json(),
            "proofs": self.proofs.to_json(),
            "found": list(self.found),
        }
        try:
            durable_file.replace(path, json.dumps(content).encode(), private=True)
        except OSError as error:
            raise KeptProofsError(f"{path} can't be written: {error.strerror}") from error

    @classmethod
    def load(cls, path: Path) -> KeptProofs:
        """What `save` wrote. Raises KeptProofsError if it isn't that; each proof is checked when it is asked for."""
        try:
            content: Any = json.loads(path.read_text())
            submission, proofs = Submission.from_json(content["submission"]), StateProofs.from_json(content["proofs"])
            found = tuple(map(str, content["found"]))
        except (OSError, ValueError, KeyError, TypeError, RecordError) as error:
            raise KeptProofsError(f"{path} is no file of kept proofs: {error}") from error
        if proofs.state_root != submission.checkpoint.last_state_root:
            raise KeptProofsError(f"{path} has proofs of another state than its checkpoint's")
        return cls(submission, proofs, found)


class Keeper:
    """Keeps a wallet's proofs of one checkpoint after the other, a file each in a folder. Which one counts is known at
    the halt alone: it is days old then."""

    def __init__(self, wallet: Wallet, root: RootChain, node: Node, folder: Path) -> None:
        self._wallet, self._root, self._node, self._folder = wallet, root, node, folder
        self._platform = (wallet.manifest.address("factory"), wallet.manifest.address("pool"))

    def path(self, epoch: int) -> Path:
        """The file of a checkpoint."""
        return self._folder / f"{epoch:08}.json"

    def step(self) -> KeptProofs | None:
        """Keeps those of the newest checkpoint, if it isn't there yet, and deletes those that can't count any more.
        Raises KeptProofsError, and what reading chains and proofs raises."""
        submission = self._root.submission(self._root.head().epoch)
        if submission is None or self.path(submission.checkpoint.epoch).exists():
            return None
        self._wallet.sync()
        checkpoint = submission.checkpoint
        proofs = StateProofs.of_node(self._node, checkpoint.end, checkpoint.last_state_root)
        kept = gather(self._wallet, submission, proofs, self._platform, self._root.assets())
        kept.save(self.path(checkpoint.epoch))
        self._delete(self._root.settled_epoch())
        return kept

    def _delete(self, settled: int) -> None:
        for file in self._folder.glob("*.json"):
            if file.stem.isdecimal() and int(file.stem) < settled:
                file.unlink(missing_ok=True)


def read_proofs(path: Path, final: Submission, whole: bool = False) -> StateProofs:
    """The proofs of a checkpoint's last state in a wallet's or a node's file, or in the folder of such files; `whole`:
    a node's, which has everybody's. Raises KeptProofsError or ExportError if they aren't there."""
    epoch = final.checkpoint.epoch
    wanted = f"{epoch:08}.json.gz"
    files = [path / wanted, *([] if whole else [path / f"{epoch:08}.json"])] if path.is_dir() else [path]
    file = next((one for one in files if one.exists()), None)
    if file is None:
        raise KeptProofsError(f"there is no file {files[0]}: ask a node of the plasma chain for its escape/{wanted}")
    proofs = read_export(file) if whole or file.suffix == ".gz" else KeptProofs.load(file).proofs
    if proofs.state_root != final.checkpoint.last_state_root:
        raise KeptProofsError(
            f"{file} has proofs of another state than the last final one, checkpoint {epoch}'s: "
            f"ask a node of the plasma chain for its escape/{wanted}"
        )
    return proofs


def gather(
    wallet: Wallet, submission: Submission, proofs: StateProofs, platform: tuple[str, str], assets: Sequence[str]
) -> KeptProofs:
    """Asks for all that is the wallet's after a checkpoint: its account's ETH, tokens and shares of liquidity, and what
    its notes need. `assets` are the root chain's listed tokens, `platform` the plasma chain's factory and pool.

    The wallet must have read the chain. Raises ProofError if the node doesn't have that state.
    """
    proofs.account(BRIDGE)  # there in any state: so what isn't found below isn't there
    escapes, holder = Escapes(proofs, *platform), str(wallet.keys.account.address)
    tokens = {asset: bridged_token(asset) for asset in assets}
    found: list[str] = []

    def look(words: str, ask: Callable[[], object]) -> bool:
        with suppress(EscapeError):
            ask()
            found.append(words)
            return True
        return False

    look("ETH", lambda: escapes.eth(holder, holder))
    for asset, token in tokens.items():
        if look(f"token {asset}", lambda asset=asset: escapes.token(asset, holder, holder)):  # type: ignore[misc]
            escapes.prove_contract(token)
    energy = [wallet.manifest.address(name) for name in ("MG1", "MG2") if name in wallet.manifest.contracts]
    for token in (*tokens.values(), *energy):
        _shares(escapes, token, tokens, holder, platform[0], look)
    _notes(wallet, submission.checkpoint.end, escapes, tokens, platform[1], look)
    return KeptProofs(submission, proofs, tuple(found))


Look = Callable[[str, Callable[[], object]], bool]


def _shares(escapes: Escapes, token: str, tokens: dict[str, str], holder: str, factory: str, look: Look) -> None:
    """A share in the exchange of a token: its ETH and, if it is bridged, its token."""
    if not look(f"liquidity of {token}", lambda: escapes.liquidity(ETH, token, holder, holder)):
        return
    escapes.prove_contract(factory)
    escapes.prove_contract(escapes.exchange(token)[0])
    for asset in (asset for asset, bridged in tokens.items() if bridged == token):
        escapes.liquidity(asset, token, holder, holder)
        escapes.prove_contract(token)


def _notes(wallet: Wallet, block: int, escapes: Escapes, tokens: dict[str, str], pool: str, look: Look) -> None:
    """What the escape of notes takes: the pool, the newest root of each tree, and the turnstiles."""
    held = {note.note.asset for note in wallet.store.unspent_at(wallet.keys.viewing.public_key, block)}
    leaving = [asset for asset in (ETH, *tokens) if (asset if asset == ETH else tokens[asset]) in held]
    for asset in leaving:
        look(f"notes of {asset}", lambda asset=asset: escapes.prove_inside(asset))  # type: ignore[misc]
    if leaving:
        escapes.prove_contract(pool)
        for tree, flushed in wallet.store.flushes(block).items():
            escapes.note_root(flushed.root, tree)
