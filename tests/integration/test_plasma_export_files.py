"""The files that are written at checkpoints: what is in them, lies, crashes, deletion."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from web3.types import RPCEndpoint

from offchain.node import Node, NodeError
from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint
from offchain.plasma.contents import ChainContents
from offchain.plasma.engine import STATES_KEPT
from offchain.plasma.escape import TOKEN_BALANCES, Escapes, StateProofs, bridged_token, entry, remote_account
from offchain.plasma.exports import RETRY_SECONDS, Exporter, ExportError, read_export
from offchain.plasma.state_export import state_proofs
from offchain.plasma.tries import ProofError
from offchain.units import ETHER
from tests.plasma.real import TOKEN, Child, address_of, child_chain, deposit, forced, listing
from tests.plasma.test_escape_real import SAFE

CONTRACT = "0x00000000000000000000000000000000000000C0"


def checkpoint(child: Child, epoch: int = 1, end: int | None = None) -> Checkpoint:
    """A checkpoint whose state is the child's; nothing else of it counts here."""
    end = child.node.height() if end is None else end
    block = child.node.block(end)
    assert block is not None
    root, some = bytes.fromhex(block["stateRoot"][2:]), bytes(32)
    return Checkpoint(epoch, NO_CHECKPOINT, 1, end, some, some, 0, 0, root, some, 1)


def exporter(folder: Path, node: Node, settled: int = 0, **more: Any) -> Exporter:
    return Exporter(folder, node, lambda: None, lambda first: settled, **more)


def written(wanted: Checkpoint, folder: Path, node: Node) -> StateProofs:
    """What is read from the file of a checkpoint."""
    one = exporter(folder, node)
    one.want(wanted)
    assert one.step() == wanted.epoch
    return read_export(one.path(wanted.epoch))


@dataclass(frozen=True)
class Bent(Node):
    """A node that answers eth_getProof with what `bend` makes of it."""

    bend: Callable[[str, list[str], Any], Any] = lambda address, slots, answer: answer

    def call(self, method: str, *parameters: Any) -> Any:
        answer = super().call(method, *parameters)
        return self.bend(parameters[0], parameters[1], answer) if method == "eth_getProof" else answer


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """A chain on which two accounts and a remote one hold ETH, and the first also tokens."""
    with child_chain(tmp_path_factory.mktemp("child")) as child:
        first, second, remote = address_of("first"), address_of("second"), address_of("remote")
        child.deliver(listing(), deposit(first, ETHER), deposit(first, 77, TOKEN), deposit(remote_account(remote), 5))
        child.deliver(forced(remote, second, value=2))
        child.sender("first").send({"to": address_of("third"), "data": "0x", "value": 9})
        yield child


def test_accounts(child: Child, tmp_path: Path) -> None:
    """E9 senders, receivers and those that deposits and forced messages name are found; who has nothing is left out."""
    wanted = checkpoint(child)
    state = written(wanted, tmp_path, child.node)
    escapes = Escapes(state, CONTRACT, CONTRACT)
    remote = remote_account(address_of("remote"))
    amounts = {address_of("first"): ETHER - 9, address_of("second"): 2, address_of("third"): 9, remote: 3}
    assert {one: escapes.eth(one, SAFE).amount for one in amounts} == amounts
    assert escapes.token(TOKEN, address_of("first"), SAFE).amount == 77
    assert escapes.prove_contract(bridged_token(TOKEN)).arguments[1]
    for nobody in (address_of("operator"), address_of("fourth")):
        with pytest.raises(ProofError, match="the file has no proof"):
            state.account(nobody)


def test_asks_for_what_changed(child: Child, tmp_path: Path) -> None:
    """E9 what is proven in the last file already is not asked for again, by another process either; what changed is."""
    asked: list[str] = []

    def bend(address: str, slots: list[str], answer: Any) -> Any:
        asked.extend([] if slots else [address])
        return answer

    written(checkpoint(child), tmp_path, child.node)
    with child.aside():
        node = Bent(child.web3, bend)
        written(checkpoint(child, 2), tmp_path, node)
        assert not {address_of(name) for name in ("first", "second", "third")} & set(asked)
        child.sender("first").send({"to": address_of("fifth"), "data": "0x", "value": 9})
        state = written(checkpoint(child, 3), tmp_path, node)
        assert address_of("fifth") in asked
        assert state.to_json() == written(checkpoint(child, 3), tmp_path / "fresh", child.node).to_json()


def test_calldata(child: Child) -> None:
    """Whom a contract may have paid is in no log, but in what it was called with."""
    with child.aside():
        named = address_of("named")
        data = "0x12345678" + named[2:].rjust(64, "0") + f"{10**24:064x}"
        child.sender("first").send({"to": address_of("third"), "data": data, "value": 0})
        contents = ChainContents(child.node)
        contents.follow(child.node.height())
        assert named in contents.accounts
        assert len([one for one in contents.accounts if int(one, 16) < 1 << 96]) <= 2  # the bridge, nobody


def test_earlier_state(child: Child, tmp_path: Path) -> None:
    """What came after the checkpoint's last block is not in its file, though it was read before."""
    wanted = checkpoint(child)
    with child.aside():
        child.deliver(deposit(address_of("later"), ETHER), deposit(address_of("later"), 3, TOKEN))
        one = exporter(tmp_path, child.node)
        one.step()
        one.want(wanted)
        assert one.step() == 1
        state = read_export(one.path(1))
        assert state.state_root == wanted.last_state_root
        with pytest.raises(ProofError, match="no proof"):
            state.account(address_of("later"))


def nothing(answer: Any, slots: list[str]) -> Any:
    for one in answer["storageProof"]:
        one |= {"value": "0x0"}
    return answer


def shortened(answer: Any, slots: list[str]) -> Any:
    return answer | {"storageProof": answer["storageProof"][:-1]}


def without_nodes(answer: Any, slots: list[str]) -> Any:
    return answer | {"accountProof": answer["accountProof"][:-1]}


def bent(answer: Any, slots: list[str]) -> Any:
    last = answer["accountProof"][-1]
    return answer | {"accountProof": [*answer["accountProof"][:-1], f"{last[:-2]}{int(last[-2:], 16) ^ 1:02x}"]}


def other_proof(answer: Any, slots: list[str]) -> Any:
    for one in answer["storageProof"]:
        one |= {"value": "0x5", "proof": answer["accountProof"]}
    return answer


@pytest.mark.parametrize("lie", [nothing, shortened, without_nodes, bent, other_proof, lambda answer, slots: None])
def test_lying_node(child: Child, tmp_path: Path, lie: Any) -> None:
    """E10 a node that leaves something out, or says what isn't so, gets no file written."""
    token = bridged_token(TOKEN)

    def bend(address: str, slots: list[str], answer: Any) -> Any:
        return lie(answer, slots) if address == token and slots else answer

    def bend_accounts(address: str, slots: list[str], answer: Any) -> Any:
        return lie(answer, slots) if address == address_of("first") else answer

    accounts = lie in (without_nodes, bent)
    one = exporter(tmp_path / "escape", Bent(child.web3, bend_accounts if accounts else bend))
    one.want(checkpoint(child))
    with pytest.raises(ExportError, match="proofs for escapes can't be written"):
        one.step()
    assert not (tmp_path / "escape").exists()


def test_other_state(child: Child, tmp_path: Path) -> None:
    """E10 proofs of another state than the checkpoint's are refused."""
    wanted = checkpoint(child, end=child.node.height() - 1)
    contents = ChainContents(child.node)
    with pytest.raises(ProofError):
        state_proofs(child.node, contents, child.node.height(), wanted.last_state_root, None)


def test_crash_while_writing(child: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6 a crash before the new file is whole leaves the old one; the next try writes the new one."""
    old = checkpoint(child, end=child.node.height() - 1)
    assert written(old, tmp_path, child.node).state_root == old.last_state_root
    new = checkpoint(child)

    class Crash(BaseException):
        pass

    def dies(*arguments: Any) -> None:
        raise Crash

    for name in ("os.fsync", "os.replace"):
        one = exporter(tmp_path, child.node)
        one.want(new)
        with monkeypatch.context() as broken:
            broken.setattr(f"offchain.durable_file.{name}", dies)
            with pytest.raises(Crash):
                one.step()
        assert read_export(one.path(1)).state_root == old.last_state_root
    assert written(new, tmp_path, child.node).state_root == new.last_state_root
    assert [path.name for path in tmp_path.iterdir()] == ["00000001.json.gz"]


def test_deletion(child: Child, tmp_path: Path) -> None:
    """The file of the epoch whose finality stays and all newer ones are kept."""
    settled = 0
    one = Exporter(tmp_path, child.node, lambda: None, lambda first: settled)
    for epoch, settled in ((1, 0), (2, 0), (3, 1), (4, 3), (5, 3)):  # noqa: B007  # read by the exporter
        one.want(checkpoint(child, epoch))
        assert one.step() == epoch
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{epoch:08}.json.gz" for epoch in (3, 4, 5)]


def test_tries_again(child: Child, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """E10 what hinders an export is tried again later, until the state is gone; then the next one's turn comes."""
    now, broken = 0.0, True

    def bend(address: str, slots: list[str], answer: Any) -> Any:
        if broken:
            raise NodeError("the node is away")
        return answer

    one = exporter(tmp_path, Bent(child.web3, bend), clock=lambda: now)
    with child.aside():
        one.want(checkpoint(child))
        with pytest.raises(ExportError, match="the node is away"):
            one.step()
        broken = False
        assert one.step() is None
        now += RETRY_SECONDS
        assert one.step() == 1
        broken = True
        one.want(checkpoint(child, 2))
        child.web3.provider.make_request(RPCEndpoint("anvil_mine"), [hex(STATES_KEPT + 1)])
        now += RETRY_SECONDS
        with caplog.at_level(logging.ERROR), pytest.raises(ExportError, match="the node is away"):
            one.step()
        assert "checkpoint 2 has no proofs for escapes: its state is gone" in caplog.text
        broken = False
        now += RETRY_SECONDS
        one.want(checkpoint(child, 3))
        assert one.step() == 3


def test_written_once(child: Child, tmp_path: Path) -> None:
    """A checkpoint that is signed again after a restart is not proven again; one in its place is, and so is one whose
    file is damaged."""
    wanted = checkpoint(child)
    written(wanted, tmp_path, child.node)
    path = tmp_path / "00000001.json.gz"
    before = path.stat().st_ino
    written(wanted, tmp_path, child.node)
    assert path.stat().st_ino == before
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ExportError, match="can't be read"):
        read_export(path)
    assert written(wanted, tmp_path, child.node).slot(bridged_token(TOKEN), entry(address_of("first"), TOKEN_BALANCES))
