"""What is written at a checkpoint is enough for every escape, long after the state is gone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from offchain.node import NodeError
from offchain.plasma.exports import Exporter, read_export
from offchain.units import ETHER
from offchain.wallet.escape import NoteEscape
from offchain.wallet.note import ETH
from tests.node_process import until
from tests.plasma.conftest import _gas
from tests.plasma.ended import Ended
from tests.plasma.real import child_chain
from tests.plasma.stage import CANCEL_PERIOD, authority_keys, deployed
from tests.plasma.test_escape_real import SAFE, account_escapes, call, prove_all, start
from tests.plasma_network import USER, bridged_root, network

__all__ = ["_gas"]


@dataclass(frozen=True)
class Forgotten:
    """A chain that has lived and is gone: of its last final state there is the exported file alone."""

    ended: Ended
    calls: list[str]
    """Of accounts, as the node proved them."""
    cheat: NoteEscape
    nodes: tuple[bytes, ...]
    """Of an older root, which the owner of a spent note kept."""


@pytest.fixture(scope="module")
def forgotten(
    _gas: None,
    tmp_path_factory: pytest.TempPathFactory,
    deployer: Any,
    operator: Any,
    prosumer: Any,
    trader: Any,
    project: Any,
) -> Forgotten:
    plasma = deployed(deployer, operator, project, deployer.deploy(project.JoinsplitVerifier), authority_keys())
    tokens = [prosumer.deploy(project.Token, 10**9) for _ in range(2)]
    folder = tmp_path_factory.mktemp("ended")
    with child_chain(folder) as child:
        ended = Ended(plasma, child, folder, project, prosumer, trader, tokens)
        ended.live()
        platform = (str(plasma.escape.factory()), str(plasma.escape.pool()))
        one = Exporter(folder / "escape", child.node, lambda: platform, lambda first: 0)
        for submission in plasma.submissions:
            one.want(submission.checkpoint)
            one.step()
        calls = [repr(wanted) for wanted, _ in account_escapes(ended)]
        assert ended.spent is not None
        cheat = ended.note_escapes(block=ended.early).build([ended.spent], ETH, SAFE)
        nodes = ended.escapes.note_root(cheat.root, cheat.tree)
    ended.__dict__["state"] = read_export(one.path(ended.final.checkpoint.epoch))
    return Forgotten(ended, calls, cheat, nodes)


def test_file_is_enough(forgotten: Forgotten) -> None:
    """P5, E9 with the engine gone, the file proves every account, share and note, and that spent notes are spent."""
    ended = forgotten.ended
    with pytest.raises(NodeError):
        ended.child.node.height()
    ended.halt()
    assert ended.state.state_root == ended.plasma.escape.stateRoot()
    prove_all(ended)
    wanted = list(account_escapes(ended))
    assert [repr(one) for one, _ in wanted] == forgotten.calls
    for one, sender in wanted:
        call(ended, one, sender)
    claimed = ended.plasma.vault.claimable(ETH, SAFE)
    notes = []
    for wallet in (0, 1):
        leaving = ended.note_escapes(wallet)
        for pair in leaving.pairs(ETH):
            notes.append(leaving.build(pair, ETH, SAFE))
            start(ended, notes[-1])
    assert ended.spent is not None
    ended.plasma.escape.escapeNote(*forgotten.cheat.arguments(forgotten.nodes), sender=ended.remote)
    call(ended, ended.escapes.cancel(forgotten.cheat.nullifiers, ended.spent.nullifier))
    ended.plasma.wait(CANCEL_PERIOD)
    for note in notes:
        ended.plasma.escape.releaseNote(*note.nullifiers, sender=ended.depositor)
    assert ended.plasma.vault.claimable(ETH, SAFE) == claimed + sum(note.amount for note in notes) > 30 * ETHER


def test_nodes_export(tmp_path: Path) -> None:
    """E9, E10 the leader and all authorities keep the proofs of what they signed; who can't goes on nevertheless."""
    flags = ("--block-time", "1", "--mixed-mining", "--slots-in-an-epoch", "1")
    with bridged_root(tmp_path, *flags) as root, network(root, tmp_path / "nodes") as nodes:
        for place in (0, 1):
            nodes.node_folder(place).mkdir(parents=True)
        (nodes.node_folder(1) / "escape").write_text("in the way")
        nodes.lead()
        for place in (1, 2, 3):
            nodes.follow(place)
        root.deposit(USER, 10 * ETHER)
        until("the deposit", lambda: nodes.balance(USER))
        height = nodes.node.height()
        submission: Any = until("a checkpoint", lambda: root.chain().submission_of(height))
        signers = submission.signers
        wanted = submission.checkpoint
        for place in (0, 2, 3):
            path = nodes.node_folder(place) / "escape" / f"{wanted.epoch:08}.json.gz"
            until(f"the proofs of node {place}", path.exists)
            state = read_export(path)
            assert state.state_root == wanted.last_state_root
            assert state.account(USER.address)[0].balance == 10 * ETHER
        assert signers.bit_count() == 4
        nodes.send(USER, USER.address, 1)
        newer = nodes.node.height()
        assert until("another checkpoint", lambda: root.chain().submission_of(newer)).signers.bit_count() == 4
