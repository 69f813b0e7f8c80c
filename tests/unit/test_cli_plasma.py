"""Wrong input of `openmg plasma`: without chains, without the bridge, and beside a running network."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
from eth_account import Account
from web3.middleware import SignAndSendRawMiddlewareBuilder
from web3.types import Wei

from offchain import chains
from offchain.chains import ChainSpec, started
from offchain.commands.plasma import plasma
from offchain.plasma.bridge_genesis import bridge_genesis
from offchain.plasma.ending import Reason
from offchain.plasma.keys import save_key
from offchain.plasma.messages import BRIDGE
from offchain.plasma.submitter import Submitter
from offchain.plasma.watcher import Watcher
from offchain.sender import development_account
from offchain.units import ETHER
from tests.node_process import until
from tests.plasma_network import AUTHORITIES, CHAIN_ID, FINAL_SOON, OTHER, QUICK, USER, Network, bridged_root, network
from tests.unit.command_line import CommandLine

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
HASH = "0x" + "ab" * 32
DEAD = "http://127.0.0.1:1"


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Without chains; a key, a genesis file."""
    monkeypatch.setattr(chains, "ROOT", ChainSpec("root", 31337, 1))
    save_key(tmp_path / "key", development_account(1))
    bridge_genesis(ADDRESS, 950327, 1_800_000_000).write(tmp_path / "genesis.json")
    return CommandLine(tmp_path, monkeypatch, capsys)


def commands(group: click.Group = plasma, path: tuple[str, ...] = ("plasma",)) -> Iterator[tuple[str, ...]]:
    """The words that call each command."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


ALL = list(commands())
ON_CHAIN = [words for words in ALL if words[-1] != "genesis"]
ENDING = ("finalise", "halt", "refund", "freeze", "escape", "cancel")
BOTH = [words for words in ON_CHAIN if words[-1] not in ("deposit", "node", "watch", "export", *ENDING)]
"""Commands that ask both chains."""

ENDLESS = ("node", "watch")


def valid(words: tuple[str, ...], folder: Path) -> list[str]:
    """Arguments that are right as far as they can be checked without a chain."""
    key, genesis = ["--key", str(folder / "key")], ["--genesis", str(folder / "genesis.json")]
    return {
        "deposit": ["1", "ETH", *key],
        "exit": ["1", "ETH", *key],
        "exits": key,
        **dict.fromkeys(ENDING, key),
        "block": ["1"],
        "transaction": [HASH],
        "receipt": [HASH],
        "slot": [ADDRESS, "0", "--block", "1"],
        "watch": ["--folder", str(folder / "node"), *genesis, "--follow", DEAD],
        "export": ["--folder", str(folder), *genesis],
        "cancel": ["--proofs", str(folder), *key],
        "node": ["--folder", str(folder / "node"), *genesis, *key],
    }.get(words[-1], [])


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_explains_itself(openmg: CommandLine, words: tuple[str, ...]) -> None:
    """C3 what it does, its options, and an example."""
    ended = openmg.run(*words, "--help")
    assert ended.status == 0
    assert f"\n  openmg {' '.join(words)}" in ended.out
    assert ("--json" in ended.out) == (words[-1] not in ENDLESS)


@pytest.mark.parametrize("words", ON_CHAIN, ids=" ".join)
def test_without_a_chain(openmg: CommandLine, tmp_path: Path, words: tuple[str, ...]) -> None:
    """P9 one line that says how to get one; nothing is written."""
    arguments = valid(words, tmp_path)
    assert (
        "no root chain runs at http://127.0.0.1:1: start it with `make chains`" in openmg.run(*words, *arguments).error
    )
    if words[-1] not in ENDLESS:
        ended = openmg.run(*words, *arguments, "--json")
        assert ended.status == 1
        assert "start it with `make chains`" in ended.content["error"]
    assert "the node doesn't answer" in openmg.run(*words, *arguments, "--root", DEAD).error
    assert "--root nowhere: give http://HOST:PORT" in openmg.run(*words, *arguments, "--root", "nowhere").error
    assert not (tmp_path / "node").exists()


@pytest.fixture(scope="module")
def bare_chain() -> Iterator[str]:
    """A root chain on which nothing is deployed."""
    with started(ChainSpec("root", 31337, 0)) as chain:
        yield chain.url


@pytest.mark.parametrize("words", ON_CHAIN, ids=" ".join)
def test_without_the_contracts(openmg: CommandLine, bare_chain: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    """P9 one line that says what is missing."""
    error = openmg.run(*words, *valid(words, tmp_path), "--root", bare_chain).error
    assert "plasma_root is not deployed on chain 31337: run `ape run deploy`" in error
    assert not (tmp_path / "node").exists()


@pytest.mark.parametrize("words", [("plasma", "deposit"), ("plasma", "exit")], ids=" ".join)
@pytest.mark.parametrize("amount", ["many", "nan", "inf", "-1", "1e-19", "1e10", "", "0x1"])
def test_wrong_amounts(openmg: CommandLine, words: tuple[str, ...], amount: str) -> None:
    """P9 refused before anything is asked or read."""
    assert "Invalid value" in openmg.run(*words, "--", amount).error


NODE = ["plasma", "node", "--folder", "{folder}/node", "--genesis", "{folder}/genesis.json"]
WATCH = ["plasma", "watch", "--folder", "{folder}/node", "--genesis"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["plasma", "deposit"], "Missing argument 'AMOUNT'"),
        (["plasma", "deposit", "1", "--key", "/nowhere"], "does not exist"),
        (["plasma", "exits", "--wallet", "no such"], "no name of a wallet"),
        (["plasma", "exits", "--wallet", "none"], "none"),
        (["plasma", "prove", "block", "0"], "not in the range"),
        (["plasma", "prove", "block", "x"], "is not a valid integer"),
        (["plasma", "prove", "transaction", "0x12"], "0x12 is no hash"),
        (["plasma", "prove", "receipt", "ab" * 32], "is no hash"),
        (["plasma", "prove", "slot", "0x12", "0"], "0x12 is no address"),
        (["plasma", "prove", "slot", ADDRESS, "first"], "first is no storage slot"),
        (["plasma", "prove", "slot", ADDRESS, "-1"], "No such option"),
        (["plasma", "prove", "slot", ADDRESS, hex(1 << 256)], "is no storage slot"),
        (["plasma", "prove", "slot", ADDRESS, "0", "--block", "0"], "not in the range"),
        (["plasma", "genesis", "{folder}/new.json"], "Missing option '--operator'"),
        (["plasma", "genesis", "{folder}/new.json", "--operator", "me"], "me is no address"),
        (["plasma", "genesis", "{folder}/new.json", "--operator", ADDRESS, "--chain-id", "0"], "not in the range"),
        (["plasma", "genesis", "{folder}/genesis.json", "--operator", ADDRESS], "exists: a chain with another genesis"),
        (["plasma", "genesis", "{folder}/no/new.json", "--operator", ADDRESS], "can't be written"),
        (["plasma", "node"], "Missing option '--folder'"),
        (NODE, "--key is needed"),
        ([*NODE, "--key", "{folder}/key", "--port", "0"], "not in the range"),
        ([*NODE, "--key", "{folder}/key", "--signing-port", "65536"], "not in the range"),
        ([*NODE, "--key", "{folder}/key", "--interval", "0"], "not in the range"),
        ([*NODE, "--key", "{folder}/key", "--interval", "nan"], "is not"),
        (["plasma", "node", "--folder", "{folder}/key", "--genesis", "{folder}/genesis.json"], "is a file"),
        ([*WATCH, "/nowhere", "--follow", DEAD], "does not exist"),
        ([*NODE, "--key", "{folder}/key", "--engine", DEAD], "not with --engine"),
        ([*NODE[:4], "--key", "{folder}/key", "--engine", DEAD, "--follow", DEAD], "not with --engine"),
        ([*NODE[:4], "--key", "{folder}/key"], "--genesis is needed, or --engine"),
        ([*WATCH, "{folder}/genesis.json"], "--folder and --follow are needed, or --engine"),
        ([*WATCH, "{folder}/genesis.json", "--engine", DEAD], "not with --engine"),
        ([*WATCH[:4], "--engine", DEAD], "--folder is for the embedded engine"),
        ([*WATCH[:4], "--follow", DEAD], "--genesis is needed, or --engine"),
        (["plasma", "fly"], "No such command 'fly'"),
    ],
)
def test_wrong_arguments(openmg: CommandLine, tmp_path: Path, arguments: list[str], why: str) -> None:
    """P9 one line and exit status 1, whether or not there is a chain; nothing is written."""
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert why in openmg.run(*(one.format(folder=tmp_path) for one in arguments)).error
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert not (tmp_path / "node").exists()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A leader that asks nobody: there is no checkpoint unless a test submits one."""
    folder = tmp_path_factory.mktemp("plasma")
    with bridged_root(folder, *FINAL_SOON) as root, network(root, folder / "nodes") as ready:
        root.deposit(USER, 10 * ETHER)
        root.mine()
        ready.lead(authorities=())
        until("the deposit", lambda: ready.balance(USER))
        yield ready


def on(nodes: Network) -> list[str]:
    """Options that name the root chain."""
    return ["--root", nodes.root.url, "--manifests", str(nodes.root.manifest.path.parent)]


BAD_KEYS = ["", "0x12", "zz" * 32, "00" * 32, "ff" * 32, "é" * 64, "{", "{}", '{"version": 3}', '{"crypto": []}', "[]"]


@pytest.mark.parametrize("content", BAD_KEYS)
@pytest.mark.parametrize("words", [("plasma", "deposit", "1"), ("plasma", "exits")], ids=" ".join)
def test_bad_key_files(openmg: CommandLine, tmp_path: Path, words: tuple[str, ...], content: str) -> None:
    """P9 one line, which doesn't show what is in the file."""
    (tmp_path / "bad").write_text(content)
    error = openmg.run(*words, "--key", str(tmp_path / "bad")).error
    assert f"{tmp_path / 'bad'} is no key file" in error
    assert len(content) < 5 or content not in error


def test_encrypted_key_files(openmg: CommandLine, tmp_path: Path, nodes: Network) -> None:
    """The password opens an Ethereum key file; a wrong one, or none, is one line."""
    encrypted = Account.encrypt(OTHER.key, "correct horse", kdf="pbkdf2", iterations=2)
    (tmp_path / "file").write_text(json.dumps(encrypted))
    command = ["plasma", "exits", "--key", str(tmp_path / "file"), "--rpc", nodes.url, *on(nodes)]
    assert openmg.done(*command) == {"done": [], "exits": []}
    openmg.password = "wrong"
    assert "the password is wrong" in openmg.run(*command).error
    openmg.password = None
    assert "OPENMG_PASSWORD" in openmg.run(*command).error


@pytest.mark.parametrize("words", BOTH, ids=" ".join)
def test_a_plasma_chain_that_is_none(
    openmg: CommandLine, tmp_path: Path, nodes: Network, words: tuple[str, ...]
) -> None:
    """P9 P5 a chain without the bridge is refused before anything is sent: ETH that is sent there would be lost."""
    key = development_account(1).address
    web3 = nodes.root.node.web3
    before = (web3.eth.get_transaction_count(key), nodes.root.node.call("eth_getBalance", BRIDGE, "latest"))
    arguments = [*words, *valid(words, tmp_path), *on(nodes)]
    assert "is no plasma chain with a bridge" in openmg.run(*arguments, "--rpc", nodes.root.url).error
    assert "no plasma chain runs at http://127.0.0.1:1: start it with `make chains`" in openmg.run(*arguments).error
    assert "the node doesn't answer" in openmg.run(*arguments, "--rpc", DEAD).error
    assert "--rpc nowhere: give http://HOST:PORT" in openmg.run(*arguments, "--rpc", "nowhere").error
    assert (web3.eth.get_transaction_count(key), nodes.root.node.call("eth_getBalance", BRIDGE, "latest")) == before


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["deposit", "0"], "the amount must be more than 0"),
        (["deposit", "100000"], "nsufficient funds"),
        (["deposit", "1", "--to", "0x12"], "0x12 is no address"),
        (["deposit", "1", "MG1"], "MG1"),
        (["deposit", "1", ADDRESS], ADDRESS),
        (["deposit", "1", "--to", "0x" + "00" * 20], "InvalidRecipient"),
        (["exit", "0"], "the amount must be more than 0"),
        (["exit", "100"], "nsufficient funds"),
        (["exit", "1", "--to", "0x" + "00" * 20], "InvalidRecipient"),
        (["exit", "1", ADDRESS], ADDRESS),
        (["exits", "--of", "me"], "me is no address"),
        (["finalise", "now"], "unexpected extra argument"),
        (["halt", "--of", ADDRESS], "No such option: --of"),
        (["refund"], "the plasma chain has not halted: deposits go back after `openmg plasma halt`"),
        (["refund", "--of", "me"], "me is no address"),
        (["escape"], "the plasma chain has not halted: escapes begin after `openmg plasma halt`"),
        (["escape", "--to", "me"], "me is no address"),
        (["freeze", "now"], "a signature is none"),
        (["freeze", "0x12"], "a signature has 65 bytes, not 1"),
        (["prove", "block", "1"], "block 1 is in no checkpoint yet"),
        (["prove", "block", "1000000"], "block 1000000 is in no checkpoint yet"),
        (["prove", "transaction", HASH], f"the plasma chain has no transaction {HASH} in a block"),
        (["prove", "receipt", HASH], f"the plasma chain has no transaction {HASH} in a block"),
        (["prove", "slot", BRIDGE, "0"], "there is no checkpoint yet"),
    ],
)
def test_what_the_chains_refuse(
    openmg: CommandLine, tmp_path: Path, nodes: Network, arguments: list[str], why: str
) -> None:
    """P9 one line each, and nothing changes on either chain."""
    key = ["--key", str(tmp_path / "key")] if arguments[0] != "prove" else []
    rpc = ["--rpc", nodes.url] if arguments[0] not in ENDING else []
    counts = [one.call("eth_getTransactionCount", USER.address, "latest") for one in (nodes.node, nodes.root.node)]
    assert why in openmg.run("plasma", *arguments, *key, *rpc, *on(nodes)).error
    assert counts == [
        one.call("eth_getTransactionCount", USER.address, "latest") for one in (nodes.node, nodes.root.node)
    ]


def test_nodes_that_cannot_start(openmg: CommandLine, tmp_path: Path, nodes: Network) -> None:
    """P9 a port in use, a genesis file that is none, a folder of another chain or another process: one line each."""
    node = ["plasma", "node", "--folder", str(tmp_path / "node"), "--key", str(tmp_path / "key"), *on(nodes)]
    honest = ["--genesis", str(tmp_path / "genesis.json")]
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        port, other = (str(one.getsockname()[1]) for one in (taken, free))
        free.close()
        assert f"can't listen on 127.0.0.1 port {port}" in openmg.run(*node, *honest, "--port", port).error
        feed = ["--port", other, "--feed-port", port]
        assert f"can't listen on 127.0.0.1 port {port}" in openmg.run(*node, *honest, *feed).error
        signing = ["--follow", DEAD, "--signing-port", port]
        assert f"can't listen on 127.0.0.1 port {port}" in openmg.run(*node, *honest, *signing).error
        assert "can't listen on no.such.host" in openmg.run(*node, *honest, "--host", "no.such.host").error
    start = ["--port", other, "--feed-port", port]
    (tmp_path / "false.json").write_text("{}")
    assert "false.json" in openmg.run(*node, "--genesis", str(tmp_path / "false.json"), *start).error
    assert "false.json is no clock" in openmg.run(*node, *honest, "--clock", str(tmp_path / "false.json")).error
    used = [*node[:3], str(nodes.node_folder(0)), *node[4:]]
    assert "in use by another process" in openmg.run(*used, "--genesis", str(nodes.genesis), *start).error
    watch = ["plasma", "watch", "--folder", str(nodes.node_folder(0)), "--follow", nodes.feed, *on(nodes)]
    assert "in use by another process" in openmg.run(*watch, "--genesis", str(nodes.genesis)).error
    assert "false.json" in openmg.run(*watch, "--genesis", str(tmp_path / "false.json")).error


def test_money_and_proofs(openmg: CommandLine, tmp_path: Path, nodes: Network) -> None:
    """The commands that send and prove, on real chains."""
    chain, key = ["--rpc", nodes.url, *on(nodes)], ["--key", str(tmp_path / "key")]
    before = nodes.balance(USER)
    burned = openmg.done("plasma", "exit", "1", *key, *chain)
    assert burned["amount"] == str(ETHER)
    assert nodes.balance(USER) == before - ETHER
    (state,) = openmg.done("plasma", "exits", "--list", "--of", USER.address, *chain)["exits"]
    assert state["stage"] == "waits for a checkpoint"
    nodes.root.submit(nodes.next_checkpoint())
    done = openmg.done("plasma", "exits", *key, *chain)
    assert [one["step"] for one in done["done"]] == ["started with checkpoint 1"]
    proof = tmp_path / "proof.json"
    checked = openmg.done("plasma", "prove", "receipt", burned["transaction"], "--check", "--out", str(proof), *chain)
    assert checked["checked"]["values"][0] is True
    assert json.loads(proof.read_text())["function"] == "verifyReceipt"
    for words in (["block", "1"], ["transaction", burned["transaction"]], ["slot", BRIDGE, "0x0"]):
        assert "PlasmaInclusion.verify" in openmg.run("plasma", "prove", *words, "--check", *chain).out
    error = openmg.run("plasma", "prove", "slot", BRIDGE, "77", *chain).error
    assert f"storage slot 77 of {BRIDGE} is zero after block" in error
    assert "can't be written" in openmg.run("plasma", "prove", "block", "1", "--out", "/nowhere/x", *chain).error
    told = openmg.done("plasma", "status", *chain)
    assert (told["epoch"], told["state"], told["quorum"], len(told["signers"])) == (1, "running", 3, 4)
    nodes.root.node.call("evm_increaseTime", QUICK.challenge_period)
    nodes.root.mine(1)
    assert openmg.done("plasma", "finalise", "--list", *key, *on(nodes))["finalEpoch"] == 0
    assert [openmg.done("plasma", "finalise", *key, *on(nodes))["finalised"] for _ in range(2)] == [1, None]
    done = openmg.done("plasma", "exits", "--started", *key, *on(nodes))
    assert [one["step"] for one in done["done"]] == ["released", "paid"]
    assert done["exits"] == openmg.done("plasma", "exits", "--list", "--of", USER.address, *chain)["exits"]
    deposited = openmg.done("plasma", "deposit", "2", "--to", OTHER.address, *key, *chain)
    assert deposited["recipient"] == OTHER.address
    nodes.root.mine()
    until("the deposit", lambda: nodes.balance(OTHER) >= 2 * ETHER)


def test_a_client_without_money(nodes: Network) -> None:
    """A client that fills in fees by itself can send before it has any ETH: the chain suggests to pay nothing."""
    newcomer = Account.create()
    web3 = nodes.node.web3
    web3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(newcomer), layer=0)
    sent = web3.eth.send_transaction({"from": newcomer.address, "to": ADDRESS, "value": Wei(0)})
    assert web3.eth.wait_for_transaction_receipt(sent, 30)["status"] == 1
    assert nodes.balance(newcomer) == 0


@pytest.fixture
def aside(nodes: Network) -> Iterator[Network]:
    """The network with the root chain as it was; for the last tests, since the leader doesn't forget what it read."""
    snapshot = nodes.root.node.call("evm_snapshot")
    yield nodes
    assert nodes.root.node.call("evm_revert", snapshot)


def test_a_freeze(openmg: CommandLine, tmp_path: Path, aside: Network) -> None:
    """Each of f + 1 authorities signs with its own key; the last one, or anybody else, sends. What doesn't count is
    refused in one line."""
    freeze, root = ["plasma", "freeze"], aside.root.chain()
    keys = []
    for place in (0, 1):
        save_key(tmp_path / f"a{place}", AUTHORITIES[place])
        keys.append(["--key", str(tmp_path / f"a{place}"), *on(aside)])
    anybody = ["--key", str(tmp_path / "key"), *on(aside)]
    told = openmg.done(*freeze, *keys[0])
    (first,) = told["signatures"]
    assert (told["frozenUntil"], told["needed"]) == (None, 2)
    assert f"openmg plasma freeze {first}" in openmg.run(*freeze, *keys[0]).out
    assert openmg.done(*freeze, first, first, *keys[0]) == told
    (second,) = openmg.done(*freeze, *keys[1])["signatures"]
    false = first[:20] + ("0" if first[20] != "0" else "1") + first[21:]
    for given, why in (
        ([], f"0 of 2 signatures, and {USER.address} is no authority that signs"),
        ([first], "1 of 2 signatures"),
        ([first, "0x12"], "a signature has 65 bytes, not 1"),
        ([first, "sign"], "a signature is none"),
        ([first, false], "signature"),
    ):
        assert why in openmg.run(*freeze, *given, *anybody).error
    assert root.state() == "running"
    until = openmg.done(*freeze, second, first, *anybody)["frozenUntil"]
    assert root.state() == f"frozen until {until}"
    assert openmg.done(*freeze, *keys[0])["frozenUntil"] == until
    aside.root.node.call("evm_increaseTime", QUICK.freeze_period)
    aside.root.mine(1)
    assert "is no authority's signature of the next freeze" in openmg.run(*freeze, second, first, *anybody).error
    ((third,), (fourth,)) = (openmg.done(*freeze, *key)["signatures"] for key in keys)
    assert "TooEarly" in openmg.run(*freeze, third, fourth, *anybody).error  # the pause after a freeze


def leave_out(nodes: Network) -> None:
    """Checkpoints go on, but don't take a message."""
    checkpoint = nodes.next_checkpoint()
    nodes.root.deposit(OTHER)
    nodes.root.node.call("evm_increaseTime", QUICK.inbox_period + 3)
    nodes.root.mine()
    nodes.root.submit(checkpoint)


def be_caught(nodes: Network) -> None:
    """A checkpoint is proven to be false, and the freeze is over."""
    nodes.root.submit(replace(nodes.next_checkpoint(), last_state_root=b"\x55" * 32))
    submitter = Submitter(nodes.root.node, OTHER)
    list(Watcher(nodes.root.chain(), nodes.maker(), nodes.node, CHAIN_ID, submitter).step())
    nodes.root.node.call("evm_increaseTime", QUICK.freeze_period + 3)
    nodes.root.mine(1)


def fall_silent(nodes: Network) -> None:
    nodes.root.node.call("evm_increaseTime", QUICK.silence_period + 3)
    nodes.root.mine(1)


@pytest.mark.parametrize(
    ("end", "reason"), [(fall_silent, Reason.SILENCE), (be_caught, Reason.FAULT), (leave_out, Reason.IGNORED)]
)
def test_a_halt(
    openmg: CommandLine, tmp_path: Path, aside: Network, end: Callable[[Network], None], reason: Reason
) -> None:
    """Whatever holds ends the chain, once; the list says so before and sends nothing."""
    key = ["--key", str(tmp_path / "key"), *on(aside)]
    aside.send(USER, OTHER.address, 1)
    end(aside)
    told = openmg.done("plasma", "halt", "--list", *on(aside))
    assert told["triggers"][0]["reason"] == reason
    assert told["triggers"][0]["from"] <= aside.root.node.time()
    assert aside.root.chain().state() != "halted"
    told = openmg.done("plasma", "halt", *key)
    assert (told["halted"], told["reason"]) == (True, reason)
    told = openmg.done("plasma", "halt", *key)
    assert (told["halted"], told["reason"]) == (True, None)
    assert "it is halted" in openmg.run("plasma", "freeze", *key).error
