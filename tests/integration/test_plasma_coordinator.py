"""The leader's way to the root chain: what a crash, a reorganisation or a bad authority does to a checkpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from offchain.node import Node
from offchain.plasma.authority import Authority, Withheld
from offchain.plasma.authority_service import AuthorityClient, AuthorityUnavailable
from offchain.plasma.checkpoint import Checkpoint, Domain
from offchain.plasma.checkpoint_maker import CheckpointMaker
from offchain.plasma.coordinator import Archive, Coordinator, CoordinatorError
from offchain.plasma.delivery import Delivery, DeliveryError
from offchain.plasma.records import to_hex
from offchain.plasma.root_chain import RootChain
from offchain.plasma.signing_record import SigningRecord, marked_as_restored
from offchain.plasma.submitter import Submitter
from offchain.signature import sign
from offchain.units import ETHER
from tests.node_process import until
from tests.plasma_network import (
    AUTHORITIES,
    CHAIN_ID,
    OPERATOR,
    OTHER,
    QUICK,
    USER,
    FeedBlocks,
    Network,
    Root,
    bridged_root,
    network,
)

WORD = b"\x55" * 32


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A leader that asks nobody."""
    folder = tmp_path_factory.mktemp("coordinator")
    with bridged_root(folder) as root, network(root, folder / "nodes", interval=3600) as ready:
        root.deposit(USER)
        root.mine()
        ready.lead(authorities=())
        until("the deposit", lambda: ready.balance(USER))
        yield ready


@pytest.fixture
def nodes(shared: Network) -> Iterator[Network]:
    """The same with the root chain as it was, and a block that is in no checkpoint."""
    snapshot = shared.root.node.call("evm_snapshot")
    shared.send(USER, OTHER.address, 1)
    yield shared
    assert shared.root.node.call("evm_revert", snapshot)


class Near:
    """An authority in this process."""

    def __init__(self, authority: Authority) -> None:
        self.url, self._authority = authority.address, authority

    def sign(self, domain: Domain, checkpoint: Checkpoint) -> bytes:
        try:
            return self._authority.sign(checkpoint)
        except Withheld as error:
            raise AuthorityUnavailable(str(error)) from error

    def signed(self, epoch: int) -> Checkpoint | None:
        return self._authority.signed(epoch)


@dataclass
class Team:
    """Four authorities with records of their own, and the leader's archive."""

    nodes: Network
    folder: Path
    authorities: list[Authority]

    def coordinator(self, submitter: Submitter | None = None, peers: Any = None) -> Coordinator:
        """As after a restart."""
        own, *others = self.authorities
        return Coordinator(
            self.nodes.root.chain(),
            self.nodes.maker(),
            own,
            [Near(one) for one in others] if peers is None else peers,  # type: ignore[misc]
            submitter or Submitter(self.nodes.root.node, OPERATOR),
            Archive(self.folder / "checkpoints"),
            0,
        )

    def signatures(self) -> list[str]:
        """What each has signed."""
        return [(self.folder / f"signed{place}").read_text() for place in range(4)]


@pytest.fixture
def team(nodes: Network, tmp_path: Path) -> Iterator[Team]:
    records = [SigningRecord(tmp_path / f"signed{place}") for place in range(4)]
    authorities = [
        Authority(key, nodes.root.chain(), nodes.maker(), record)
        for key, record in zip(AUTHORITIES, records, strict=True)
    ]
    yield Team(nodes, tmp_path, authorities)
    for record in records:
        record.close()


def submitted(root: Root) -> list[str]:
    """Calldata of the checkpoints that were accepted, from the chain's blocks."""
    contract = root.contract("plasma_root")
    logs = contract.events.CheckpointSubmitted().get_logs(from_block=0)
    return [str(root.node.call("eth_getTransactionByHash", to_hex(log["transactionHash"]))["input"]) for log in logs]


class Crash(BaseException):
    """The process dies."""


class Dying(Submitter):
    """Dies before it sends, or after what it sent was mined."""

    def __init__(self, node: Node, before: bool) -> None:
        super().__init__(node, OPERATOR)
        self._before = before

    def send(self, to: str, data: bytes, value: int = 0) -> dict[str, Any]:
        if not self._before:
            super().send(to, data, value)
        raise Crash


def test_a_checkpoint_is_made_once(team: Team) -> None:
    """It is accepted with all signatures; without new blocks there is no next one; later it is made final."""
    root, coordinator = team.nodes.root.chain(), team.coordinator()
    assert coordinator.step() == 1
    (submission,) = root.submissions()
    assert submission.signers == 0b1111
    assert coordinator.step() is None
    team.nodes.send(USER, OTHER.address, 1)
    assert coordinator.step() == 2
    assert root.final_epoch() == 0
    team.nodes.root.node.call("evm_increaseTime", QUICK.challenge_period + 1)
    team.nodes.root.mine(1)
    coordinator = team.coordinator()
    coordinator.step()
    assert root.final_epoch() == 2


@pytest.mark.parametrize("before", [True, False], ids=["before it is sent", "after it is accepted"])
def test_a_crash_on_the_way(team: Team, before: bool) -> None:
    """P5 P6 the same checkpoint is submitted, though there are more blocks by now, and not again if it is there."""
    root = team.nodes.root
    with pytest.raises(Crash):
        team.coordinator(Dying(root.node, before)).step()
    signed = team.signatures()
    pending = json.loads((team.folder / "checkpoints" / "pending.json").read_text())
    assert len(pending["signatures"]) == 4
    nonce = root.node.call("eth_getTransactionCount", OPERATOR.address, "latest")
    coordinator = team.coordinator()
    if before:
        team.nodes.send(USER, OTHER.address, 1)
        assert coordinator.step() == 1
    else:
        assert coordinator.step() is None
        assert root.node.call("eth_getTransactionCount", OPERATOR.address, "latest") == nonce
    assert root.chain().submissions()[0].checkpoint.to_json() == pending["checkpoint"]
    assert len(submitted(root)) == 1
    assert team.signatures() == signed
    assert not (team.folder / "checkpoints" / "pending.json").exists()


@pytest.mark.parametrize("signers", [[0], [1], [1, 2], [0, 1, 2, 3]])
def test_a_lost_archive(team: Team, signers: list[int]) -> None:
    """P6 what authorities had signed when the leader's file of it was lost is what is submitted: they sign no other
    one, and the chain goes on. What isn't so, or isn't next, is left out."""
    begun = team.nodes.next_checkpoint()
    for place in signers:
        team.authorities[place].sign(begun)
    team.nodes.send(USER, OTHER.address, 1)
    assert team.nodes.next_checkpoint().end > begun.end

    class Lying(Near):
        def signed(self, epoch: int) -> Checkpoint | None:
            return next(lies)

    lies = iter([replace(begun, exit_count=7), replace(begun, end=10**6), replace(begun, epoch=2)])
    liars = [Lying(one) for one in team.authorities[1:]]
    if signers == [0]:
        assert team.coordinator(peers=liars).step() == 1
    else:
        assert team.coordinator().step() == 1
    (accepted,) = team.nodes.root.chain().submissions()
    assert accepted.checkpoint == begun
    assert accepted.signers == 0b1111


def test_a_reorganisation_takes_nothing(team: Team) -> None:
    """P5 the root chain loses two accepted checkpoints: the same bytes are submitted again, in order, and nobody signs
    anything for it; a coordinator that was started since does it as well."""
    root, coordinator = team.nodes.root, team.coordinator()
    snapshot = root.node.call("evm_snapshot")
    assert coordinator.step() == 1
    team.nodes.send(USER, OTHER.address, 1)
    assert coordinator.step() == 2
    before, signed = submitted(root), team.signatures()
    for again in (coordinator, team.coordinator()):
        assert root.node.call("evm_revert", snapshot)
        snapshot = root.node.call("evm_snapshot")
        root.mine(1)
        assert root.chain().head().epoch == 0
        assert [again.step(), again.step()] == [1, 2]
        assert submitted(root) == before
        assert again.step() is None
    assert team.signatures() == signed
    team.nodes.send(USER, OTHER.address, 1)
    assert coordinator.step() == 3


def test_submissions_are_read_once(team: Team) -> None:
    """Logs of finalised blocks aren't asked for again; those that the chain loses are not listed."""
    nodes, asked = team.nodes, []

    class Counting(Node):
        def call(self, method: str, *parameters: Any) -> Any:
            if method == "eth_getLogs":
                asked.append(int(parameters[0]["fromBlock"], 16))
            return Node.call(self, method, *parameters)

    root: RootChain = nodes.root.chain()
    root.node = Counting(root.node.web3)
    coordinator = team.coordinator()
    coordinator.step()
    nodes.root.mine()
    assert [one.checkpoint.epoch for one in root.submissions()] == [1]
    snapshot, height = nodes.root.node.call("evm_snapshot"), nodes.root.node.height()
    nodes.send(USER, OTHER.address, 1)
    coordinator.step()
    asked.clear()
    assert [one.checkpoint.epoch for one in root.submissions()] == [1, 2]
    assert min(asked) > height - 5
    assert root.signatures(1) is not None
    assert nodes.root.node.call("evm_revert", snapshot)
    assert [one.checkpoint.epoch for one in root.submissions()] == [1]
    assert root.signatures(2) is None
    coordinator.step()
    assert root.submission(2) is not None


class FalseAuthority(BaseHTTPRequestHandler):
    """Answers with whatever it is told to."""

    answer = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def liar() -> Iterator[AuthorityClient]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FalseAuthority)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield AuthorityClient(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def high(signature: bytes) -> bytes:
    """The same signer's other signature, which the contract refuses."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


def test_false_answers(team: Team, liar: AuthorityClient) -> None:
    """P9 an authority that answers nonsense, signs in a form that the contract refuses, or with a stranger's key,
    hinders nobody: the checkpoint goes with the signatures of the others."""
    domain, checkpoint = team.nodes.root.chain().domain, team.nodes.next_checkpoint()
    digest = domain.checkpoint_digest(checkpoint)
    good = sign(digest, AUTHORITIES[3])
    stranger = json.dumps({"signature": to_hex(sign(digest, USER))}).encode()
    answers = [b"", b"[]", b"<html>", b"null", b'{"signature": 1}', b'{"signature": "0x12"}', b'{"error": "x"}']
    answers += [json.dumps({"signature": to_hex(one)}).encode() for one in (high(good), good[:64], bytes(65))]
    for answer in answers:
        FalseAuthority.answer = answer
        with pytest.raises(AuthorityUnavailable, match="gives no signature"):
            liar.sign(domain, checkpoint)
    one, two = (Near(authority) for authority in team.authorities[1:3])
    FalseAuthority.answer = json.dumps({"signature": to_hex(high(good))}).encode()
    with pytest.raises(CoordinatorError, match=r"checkpoint 1 has 2 of 3 signatures: .*upper half"):
        team.coordinator(peers=[liar, one]).step()
    FalseAuthority.answer = stranger
    with pytest.raises(CoordinatorError, match="checkpoint 1 has 2 of 3 signatures: no more authorities are known"):
        team.coordinator(peers=[liar, one]).step()
    assert team.coordinator(peers=[liar, one, two]).step() == 1


class Counting(CheckpointMaker):
    """Keeps which epochs were executed."""

    def __init__(self, nodes: Network) -> None:
        super().__init__(FeedBlocks(nodes.feed), nodes.node, CHAIN_ID)
        self.made: list[int] = []

    def make(self, epoch: int, previous: bytes, start: int, end: int, set_id: int) -> Checkpoint:
        self.made.append(epoch)
        return super().make(epoch, previous, start, end, set_id)


def test_what_was_signed_is_not_executed_again(team: Team, tmp_path: Path) -> None:
    """P6 after a restart an authority looks again at the parent alone; one whose record has nothing looks at all, and
    signs the next one at the earliest."""
    nodes, coordinator = team.nodes, team.coordinator()
    for epoch in (1, 2, 3):
        assert coordinator.step() == epoch
        nodes.send(USER, OTHER.address, 1)
    checkpoint, root = nodes.next_checkpoint(), nodes.root.chain()
    for name, executed in (("signed1", [3, 4]), ("new", [1, 2, 3, 4])):
        (tmp_path / "copy").write_bytes((tmp_path / name).read_bytes() if name != "new" else b"")
        record, maker = SigningRecord(tmp_path / "copy"), Counting(nodes)
        forgot = pytest.raises(Withheld) if name == "new" else nullcontext()
        try:
            with forgot:
                Authority(AUTHORITIES[1], root, maker, record).sign(checkpoint)
        finally:
            record.close()
        assert maker.made == executed


class Beginning(FeedBlocks):
    """A chain of which nothing but the genesis block is seen."""

    @property
    def height(self) -> int:
        return 0


def test_only_the_operator_delivers(nodes: Network) -> None:
    """P9 one line that says who could; another account sends nothing."""
    handed_in: list[Sequence[bytes]] = []
    maker = CheckpointMaker(Beginning(nodes.feed), nodes.node, CHAIN_ID)
    for key in (AUTHORITIES[1], OTHER):
        delivery = Delivery(nodes.root.chain(), maker, nodes.node, key, handed_in.append)
        with pytest.raises(DeliveryError, match=f"{OPERATOR.address} alone can deliver them, not {key.address}"):
            delivery.step()
    assert handed_in == []


def test_a_slashed_authority_is_left_out(team: Team) -> None:
    """What it signs would make the contract refuse the checkpoint; the three others are a quorum."""
    root = team.nodes.root
    honest = team.nodes.next_checkpoint()
    members = root.chain().authorities()
    pair = []
    for checkpoint in (honest, replace(honest, data_hash=WORD)):
        pair += [checkpoint.abi(), sign(root.chain().domain.checkpoint_digest(checkpoint), AUTHORITIES[2])]
    seat = members.index(AUTHORITIES[2].address)
    challenges = root.contract("plasma_challenges").functions
    root.sender(OTHER).transact(challenges.proveEquivocation(*pair, seat))
    assert team.coordinator().step() == 1
    (submission,) = root.chain().submissions()
    assert submission.signers.bit_count() == 3
    assert not submission.signers >> seat & 1


def test_what_the_contract_refuses_is_one_error(team: Team) -> None:
    """P9 another submitted first; then the coordinator says what doesn't fit, each time, and changes nothing."""
    root, honest = team.nodes.root, team.nodes.next_checkpoint()
    with pytest.raises(Crash):
        team.coordinator(Dying(root.node, True)).step()
    root.submit(replace(honest, data_hash=WORD))
    for _ in range(2):
        with pytest.raises(CoordinatorError, match="another checkpoint 1 than the one under way here"):
            team.coordinator().step()
    team.folder.joinpath("checkpoints", "pending.json").write_text("{")
    with pytest.raises(CoordinatorError, match="is damaged"):
        team.coordinator().step()
    root.node.call("evm_increaseTime", QUICK.silence_period + 60)
    root.mine(1)
    root.sender(OTHER).transact(root.contract("plasma_root").functions.haltSilent())
    with pytest.raises(CoordinatorError, match="the plasma chain has halted"):
        team.coordinator().step()


def test_a_lost_deposit_is_never_minted(shared: Network) -> None:
    """P5 a deposit that isn't final isn't delivered; the root chain loses it, and it never is. Its successor with the
    same number is minted once."""
    nodes, root = shared, shared.root
    root.mine()
    before, consumed = nodes.balance(OTHER), nodes.maker().history.at(nodes.maker().height).inbox_consumed
    snapshot = root.node.call("evm_snapshot")
    root.deposit(OTHER, ETHER)
    assert len(root.inbox()) == consumed + 1

    def passes() -> None:
        """Some rounds of the leader's deliveries: a message to the other account would be in by then."""
        sent = nodes.send(USER, USER.address, 0)
        until("some blocks", lambda: nodes.maker().height >= int(sent["blockNumber"], 16))
        for _ in range(2):
            nodes.send(USER, USER.address, 0)

    passes()
    assert nodes.balance(OTHER) == before
    assert root.node.call("evm_revert", snapshot)
    root.mine()
    passes()
    assert nodes.balance(OTHER) == before
    root.deposit(OTHER, 3 * ETHER)
    root.mine()
    until("the deposit", lambda: nodes.balance(OTHER) > before)
    passes()
    assert nodes.balance(OTHER) == before + 3 * ETHER
    assert nodes.maker().history.at(nodes.maker().height).inbox_consumed == consumed + 1


def test_a_restored_record_signs_nothing_that_it_may_have_signed(team: Team) -> None:
    """P6 G3 what was signed after the backup isn't in it: that epoch is left to the others, the next one is signed
    again; the coordinator itself may be the one that was restored."""
    assert team.coordinator().step() == 1
    kept = (team.folder / "signed0").read_bytes()
    team.nodes.send(USER, OTHER.address, 1)
    given_away = team.nodes.next_checkpoint()
    team.authorities[0].sign(given_away)
    team.nodes.send(USER, OTHER.address, 1)
    other = team.nodes.next_checkpoint()
    assert (other.epoch, other.end > given_away.end) == (2, True)

    (team.folder / "restored").write_bytes(marked_as_restored(kept + b'{"domain": {"ch'))
    for _ in range(2):
        record = SigningRecord(team.folder / "restored")
        restored = Authority(AUTHORITIES[0], team.nodes.root.chain(), team.nodes.maker(), record)
        for one in (other, given_away):
            with pytest.raises(Withheld, match=r"checkpoint 2 may have been signed before.* from 3 on"):
                restored.sign(one)
        record.close()
    assert b'"withheld": 2' in record.path.read_bytes()

    record = SigningRecord(team.folder / "restored")
    team.authorities[0] = Authority(AUTHORITIES[0], team.nodes.root.chain(), team.nodes.maker(), record)
    assert team.coordinator().step() == 2
    team.nodes.send(USER, OTHER.address, 1)
    assert team.coordinator().step() == 3
    signers = [one.signers.bit_count() for one in team.nodes.root.chain().submissions()]
    assert signers == [4, 3, 4]
    record.close()


@pytest.mark.parametrize("kept", [0, 1], ids=["empty", "older"])
def test_a_record_that_lacks_what_the_root_chain_shows(team: Team, kept: int) -> None:
    """P6 G3 an older or empty record that was put in place by hand is found out by the signatures on the root chain."""
    assert team.coordinator().step() == 1
    lines = (team.folder / "signed3").read_bytes().splitlines(keepends=True)
    team.nodes.send(USER, OTHER.address, 1)
    assert team.coordinator().step() == 2
    (team.folder / "older").write_bytes(b"".join(lines[:kept]))
    record = SigningRecord(team.folder / "older")
    team.authorities[3] = Authority(AUTHORITIES[3], team.nodes.root.chain(), team.nodes.maker(), record)
    signers = []
    for epoch in (3, 4, 5):
        team.nodes.send(USER, OTHER.address, 1)
        assert team.coordinator().step() == epoch
        signers.append(team.nodes.root.chain().submissions()[-1].signers.bit_count())
    assert signers == [3, 4, 4]
    assert record.path.read_bytes().count(b"withheld") == 1
    record.close()


def test_what_is_withheld_can_be_released_by_hand(team: Team) -> None:
    """G3 where all were restored at once nobody signs: who knows that nothing was given away takes the lines out."""
    team.authorities.clear()
    for place, key in enumerate(AUTHORITIES):
        path = team.folder / f"all{place}"
        path.write_bytes(marked_as_restored(b""))
        team.authorities.append(Authority(key, team.nodes.root.chain(), team.nodes.maker(), SigningRecord(path)))
    with pytest.raises(CoordinatorError, match="checkpoint 1 has 0 of 3 signatures: checkpoint 1 may have been signed"):
        team.coordinator().step()
    for place, authority in enumerate(team.authorities):
        authority._record.close()
        path = team.folder / f"all{place}"
        assert next(map(json.loads, path.read_text().splitlines())) == {"restored": True}
        path.write_text("")
        team.authorities[place] = Authority(
            AUTHORITIES[place], team.nodes.root.chain(), team.nodes.maker(), SigningRecord(path)
        )
    assert team.coordinator().step() == 1
    for authority in team.authorities:
        authority._record.close()
