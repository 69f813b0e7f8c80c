"""An authority in a process of its own, below a real leader and root chain: what it signs, and what it refuses."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from offchain.plasma.authority_service import AuthorityClient, AuthorityUnavailable
from offchain.plasma.checkpoint import Checkpoint
from offchain.plasma.messages import BRIDGE, inbox_hash
from offchain.signature import signer_of
from offchain.units import ETHER
from tests.node_process import until
from tests.plasma_network import AUTHORITIES, OPERATOR, OTHER, USER, Network, bridged_root, forged, network

WORD = b"\x55" * 32
OTHERS = [AUTHORITIES[place] for place in (0, 2, 3)]
"""Enough to sign without the one that is asked here."""

CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"epoch": 2}, "checkpoint 2 doesn't follow 0"),
    ({"epoch": 0}, "checkpoint 0 doesn't follow 0"),
    ({"previous": WORD}, "checkpoint 1 doesn't follow 0"),
    ({"start": 2}, "it begins with block 2, not with 1"),
    ({"end": 0}, "are no range"),
    ({"end": 1 << 16 | 1}, "are no range"),
    ({"end": (1 << 256) - 1}, "are no range"),
    ({"blocks_root": WORD}, "another blocksRoot"),
    ({"exit_root": WORD}, "another exitRoot"),
    ({"exit_count": 3}, "another exitCount"),
    ({"inbox_consumed": 0}, "another inboxConsumed"),
    ({"inbox_consumed": 2}, "another inboxConsumed"),
    ({"last_state_root": WORD}, "another lastStateRoot"),
    ({"data_hash": WORD}, "another dataHash"),
    ({"blocks_root": WORD, "data_hash": WORD}, "another blocksRoot, dataHash"),
    ({"set_id": 2}, "the authorities' set 2, not of 1"),
]
BODIES: list[tuple[bytes, int, str]] = [
    (b"", 400, "that is no JSON"),
    (b"{", 400, "that is no JSON"),
    (b"\xff\xfe\x00", 400, "that is no JSON"),
    (b"[" * 4000, 400, "that is no JSON"),
    (b"null", 400, "a Checkpoint has the fields"),
    (b"[1, 2]", 400, "a Checkpoint has the fields"),
    (b"{}", 400, "a Checkpoint has the fields"),
    (b'"' + b"a" * 5000 + b'"', 413, "at most 4,096 bytes"),
    (b"0" * 2_000_000, 413, "at most 4,096 bytes"),
]
FIELDS: list[tuple[str, Any]] = [
    ("epoch", None),
    ("epoch", -1),
    ("epoch", 1.5),
    ("epoch", True),
    ("epoch", "1e3"),
    ("epoch", str(1 << 256)),
    ("start", [1]),
    ("end", {"end": 1}),
    ("blocksRoot", "0x12"),
    ("blocksRoot", "55" * 32),
    ("previous", 0),
    ("dataHash", "0x" + "zz" * 32),
    ("dataHash", "line\nline"),
    ("more", "1"),
]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A leader that asks nobody, and one authority; a deposit was delivered and something burned."""
    folder = tmp_path_factory.mktemp("authority")
    with bridged_root(folder) as root, network(root, folder / "nodes") as ready:
        root.deposit(USER)
        root.mine()
        ready.lead(authorities=())
        ready.follow(1)
        until("the deposit", lambda: ready.balance(USER))
        ready.send(USER, BRIDGE, ETHER // 2, ready.bridge_call("exitEth", USER.address))
        yield ready


@pytest.fixture(scope="module")
def honest(nodes: Network) -> Checkpoint:
    return nodes.next_checkpoint()


def asked(nodes: Network, body: bytes) -> tuple[int, dict[str, Any]]:
    """What the authority answers to a request."""
    answer = requests.post(f"{nodes.signing(1)}/sign", data=body, timeout=60)
    return answer.status_code, answer.json()


def refusal(nodes: Network, body: bytes) -> tuple[int, str]:
    """The one line of a refusal."""
    status, content = asked(nodes, body)
    assert list(content) == ["error"], content
    line: str = content["error"]
    assert line
    assert "\n" not in line
    assert "Traceback" not in nodes.running[1].text()
    return status, line


def record(nodes: Network) -> str:
    return (nodes.node_folder(1) / "signed.jsonl").read_text()


@pytest.mark.parametrize(("changed", "why"), CHANGES, ids=[" ".join(one) for one, _ in CHANGES])
def test_a_changed_checkpoint_is_refused(nodes: Network, honest: Checkpoint, changed: dict[str, Any], why: str) -> None:
    """P9 each field is compared with what was executed here, or with the root chain; nothing goes into the record."""
    status, line = refusal(nodes, json.dumps(replace(honest, **changed).to_json()).encode())
    assert status == 409
    assert why in line
    assert record(nodes) == ""


@pytest.mark.parametrize(("body", "status", "why"), BODIES, ids=range(len(BODIES)))
def test_what_is_no_checkpoint(nodes: Network, body: bytes, status: int, why: str) -> None:
    """P9 one line of JSON, whatever is sent."""
    answered, line = refusal(nodes, body)
    assert answered == status
    assert why in line


def test_who_hangs_up_is_let_go(nodes: Network, honest: Checkpoint) -> None:
    """P9 a leader that is killed while it asks leaves no trace."""
    port = nodes.ports[1]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /sign HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{")
        time.sleep(0.3)
    status, _ = refusal(nodes, json.dumps(replace(honest, epoch=9).to_json()).encode())
    assert status == 409
    assert "Exception" not in nodes.running[1].text()
    assert record(nodes) == ""


@pytest.mark.parametrize(("name", "value"), FIELDS, ids=[f"{name} {value}" for name, value in FIELDS])
def test_wrong_fields(nodes: Network, honest: Checkpoint, name: str, value: Any) -> None:
    """P9 a field that can't be is named."""
    status, line = refusal(nodes, json.dumps({**honest.to_json(), name: value}).encode())
    assert status == 400
    assert (name if name != "more" else "and no others") in line


@pytest.mark.parametrize(("method", "path"), [("GET", "/sign"), ("GET", "/nothing"), ("PUT", "/status")])
def test_no_such_route(nodes: Network, method: str, path: str) -> None:
    """P9 JSON with one line there, too."""
    answer = requests.request(method, nodes.signing(1) + path, timeout=30)
    assert answer.status_code in (404, 405)
    assert path in answer.json()["error"]


def test_blocks_that_are_not_there(nodes: Network, honest: Checkpoint) -> None:
    """It waits for blocks that it may still get, and refuses what it can't execute."""
    status, line = refusal(nodes, json.dumps(replace(honest, end=honest.end + 1000).to_json()).encode())
    assert status == 409
    assert f"block {honest.end + 1000} isn't executed here yet" in line


def test_an_honest_checkpoint_is_signed_once(nodes: Network, honest: Checkpoint) -> None:
    """P6 the signature is the authority's and the same each time, also after kill -9; another checkpoint of the epoch,
    honest as it may be, isn't signed any more; who can't be reached is named."""
    domain = nodes.root.chain().domain
    client = AuthorityClient(nodes.signing(1))
    assert client.signed(1) is None
    signature = client.sign(domain, honest)
    assert client.signed(1) == honest
    assert client.signed(2) is None
    assert requests.get(f"{nodes.signing(1)}/signed/x", timeout=5).json()["error"].startswith("epoch: ")
    assert signer_of(domain.checkpoint_digest(honest), signature) == AUTHORITIES[1].address
    assert len(record(nodes).splitlines()) == 1
    nodes.send(USER, OTHER.address, 1)
    later = nodes.next_checkpoint()
    assert later.end > honest.end
    for restart in (False, True):
        if restart:
            nodes.kill(1)
            with pytest.raises(AuthorityUnavailable, match=r"gives no signature \(ConnectionError\)"):
                client.sign(domain, honest)
            nodes.follow(1)
        assert client.sign(domain, honest) == signature
        with pytest.raises(AuthorityUnavailable, match="checkpoint 1 was signed as 0x"):
            client.sign(domain, later)
    assert len(record(nodes).splitlines()) == 1
    status = requests.get(f"{nodes.signing(1)}/status", timeout=30).json()
    assert status["authority"] == AUTHORITIES[1].address


def test_only_what_is_final_and_in_the_inbox(nodes: Network) -> None:
    """P5 the operator delivers, block by block as the plasma chain takes it: a deposit that isn't final on the root
    chain yet is refused until it is; a message that was never sent is refused for ever."""
    root = nodes.root
    root.submit(nodes.next_checkpoint(), OTHERS)
    root.deposit(OTHER)  # message 1; nothing is mined after it
    nodes.send(OPERATOR, BRIDGE, 0, nodes.bridge_call("deliver", 1, [root.inbox()[1].abi()]))
    assert nodes.balance(OTHER) >= ETHER
    early = nodes.next_checkpoint()
    assert early.inbox_consumed == 2
    status, line = refusal(nodes, json.dumps(early.to_json()).encode())
    assert (status, "finalised blocks have fewer" in line) == (409, True)
    root.mine()
    client, domain = AuthorityClient(nodes.signing(1)), root.chain().domain
    client.sign(domain, early)
    root.submit(early)

    nodes.send(OPERATOR, BRIDGE, 0, nodes.bridge_call("deliver", 2, [forged(OPERATOR.address, 1000 * ETHER, 1)]))
    assert nodes.balance(OPERATOR) == 1000 * ETHER
    minted = nodes.next_checkpoint()
    with pytest.raises(AuthorityUnavailable, match="finalised blocks have fewer"):
        client.sign(domain, minted)
    root.deposit(OTHER, 7)  # now there is a message 2, but another one
    root.mine()
    messages = root.chain().messages()
    assert len(messages) == 3
    assert inbox_hash(messages) != nodes.maker().history.at(minted.end).inbox_hash
    with pytest.raises(AuthorityUnavailable, match="took other messages than the root chain's inbox has"):
        client.sign(domain, minted)
    assert len(record(nodes).splitlines()) == 2


def test_without_a_root_chain(nodes: Network, honest: Checkpoint) -> None:
    """P9 a root chain that is gone is told in one line, and the nodes outlive it."""
    nodes.root.stop()
    status, line = refusal(nodes, json.dumps(replace(honest, epoch=9).to_json()).encode())
    assert status == 503
    assert "the node doesn't answer" in line
    until("the leader notices", lambda: "deliveries: the node doesn't answer" in nodes.running[0].text())
    assert "Traceback" not in nodes.running[0].text()
    assert all(one.is_alive() for one in nodes.running.values())
    nodes.send(USER, OTHER.address, 1)
