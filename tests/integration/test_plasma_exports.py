"""What is written at a checkpoint is enough for every escape, long after the state is gone."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from offchain.deployment.manifest import Manifest
from offchain.deployment.parts import BRIDGE_PARTS
from offchain.node import Node, NodeError
from offchain.plasma.ending import Reason
from offchain.plasma.escape import bridged_token
from offchain.plasma.exports import Exporter, read_export
from offchain.plasma.keys import save_key
from offchain.plasma.records import to_address
from offchain.sender import Sender, TransactionError
from offchain.units import ETHER
from offchain.wallet.escape import NoteEscape
from offchain.wallet.kept_proofs import KeptProofs, gather
from offchain.wallet.keys import Seed
from offchain.wallet.keystore import save
from offchain.wallet.note import ETH
from tests.node_process import until
from tests.plasma.conftest import _gas
from tests.plasma.ended import Ended
from tests.plasma.made_up import CHILD_CHAIN_ID
from tests.plasma.real import child_chain, key_of
from tests.plasma.stage import CANCEL_PERIOD, SILENCE_PERIOD, authority_keys, deployed
from tests.plasma.test_escape_real import SAFE, account_escapes, call, prove_all, start
from tests.plasma_network import USER, bridged_root, network
from tests.unit.command_line import CommandLine

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
    kept: KeptProofs
    """What the first wallet kept."""


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
        kept = gather(ended.wallets[0], ended.final, ended.state, platform, ended.assets)
    ended.__dict__["state"] = read_export(one.path(ended.final.checkpoint.epoch))
    return Forgotten(ended, calls, cheat, nodes, kept)


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


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


@dataclass(frozen=True)
class Leaving:
    """The commands of those who leave, who have keys, the file, and a node of the root chain."""

    openmg: CommandLine
    ended: Ended
    folder: Path

    def options(self, who: str) -> list[str]:
        """Of an account whose key is in a file, or of the wallet `home`."""
        root = ["--root", self.web3.provider.endpoint_uri, "--manifests", str(self.ended.folder)]
        return [*(["--wallet", who] if who == "home" else ["--key", str(self.folder / who)]), *root]

    @property
    def web3(self) -> Any:
        return self.ended.plasma.provider.web3

    def prepare(self) -> None:
        """Manifest, keys, a wallet as it was when there was a plasma chain, gas; all messages are final."""
        manifest, plasma = Manifest.open(self.web3.eth.chain_id, self.ended.folder), self.ended.plasma
        for name, (contract, *_) in BRIDGE_PARTS.items():
            part = getattr(plasma, name.removeprefix("plasma_"), None)
            if part is not None:
                manifest.record(name, contract, str(part.address))
        keys = {name: key_of(name) for name in ("user", "provider", "platform", "shielder")}
        keys["remote"] = Account.from_key(self.ended.remote.private_key)
        keys["depositor"] = Account.from_key(self.ended.depositor.private_key)
        for name, key in keys.items():
            save_key(self.folder / name, key)
        seed = Seed(bytes([1]) * 16)
        save(seed, self.openmg.wallets / "home.json", "correct horse")
        for path in (self.ended.folder / "0").iterdir():
            shutil.copy(path, self.openmg.wallets / path.name)
        node = Node(self.web3)
        for account in (*(one.address for one in keys.values()), seed.keys().account.address):
            node.call("anvil_setBalance", account, hex(ETHER))
        node.call("anvil_mine", hex(80))

    def command(self, who: str) -> list[str]:
        """Escapes with the node's files, the wallet with what it kept."""
        proofs = [] if who == "home" else ["--proofs", str(self.ended.folder / "escape")]
        return ["plasma", "escape", *proofs, "--to", SAFE.lower(), *self.options(who)]

    def escape(self, who: str) -> Any:
        return self.openmg.done(*self.command(who))

    def cut_off(self, who: str, transactions: int) -> None:
        """The command is interrupted after some transactions."""
        sent = iter(range(transactions))
        real = Sender.transact

        def transact(sender: Sender, call: Any, value: int = 0) -> Any:
            if next(sent, None) is None:
                raise TransactionError("the connection broke")
            return real(sender, call, value)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Sender, "transact", transact)
            ended = self.openmg.run(*self.command(who))
        assert ended.error == "the connection broke"


def test_commands_are_enough(forgotten: Forgotten, openmg: CommandLine, tmp_path: Path) -> None:
    """P5, E9 with the plasma chain gone, `openmg` alone ends it and takes out all that accounts, shares and notes had,
    once, also if it is cut off in between."""
    ended, leaving = forgotten.ended, Leaving(openmg, forgotten.ended, tmp_path)
    plasma = ended.plasma
    leaving.prepare()
    options, folder = leaving.options("user"), str(ended.folder / "escape")
    for command in (["escape", "--proofs", folder], ["cancel", "--proofs", folder], ["refund"]):
        assert "has not halted" in openmg.run("plasma", *command, *options).error
    told = openmg.done("plasma", "halt", *options)
    assert (told["halted"], [one["reason"] for one in told["triggers"]]) == (False, [Reason.SILENCE, Reason.IGNORED])
    assert told["triggers"][0]["from"] == plasma.submissions[-1].submitted_at + SILENCE_PERIOD
    assert "No trigger holds yet." in openmg.run("plasma", "halt", *options).out
    plasma.wait(SILENCE_PERIOD + 2)
    assert "can be halted now" in openmg.run("plasma", "halt", "--list", *options).out
    assert not plasma.root.halted()
    told = openmg.done("plasma", "halt", *options)
    assert (told["halted"], told["reason"], told["finalEpoch"]) == (True, Reason.SILENCE, ended.final.checkpoint.epoch)
    assert "has halted already" in openmg.run("plasma", "halt", *options).out

    early = leaving.escape("user")
    assert early["done"] == []
    assert "Escapes begin at" in early["notices"][0]
    plasma.settle()
    plasma.wait(2)
    expected: dict[str, int] = dict.fromkeys((ETH, *ended.assets), 0)
    for one, _ in account_escapes(ended):
        expected[ETH if one.function == "escapeEth" else str(one.arguments[0])] += one.amount
    leaving.cut_off("provider", 4)
    for name in ("user", "provider", "platform", "shielder", "remote"):
        told = leaving.escape(name)
        assert told["holdings"]
        assert all(one["escaped"] == one["amount"] for one in told["holdings"])
        assert leaving.escape(name)["done"] == []
    tokens = {str(token.address): token for token in ended.tokens}

    def paid() -> dict[str, int]:
        return {ETH: plasma.provider.get_balance(SAFE)} | {one: tokens[one].balanceOf(SAFE) for one in tokens}

    assert paid() == expected

    wallet = ended.note_escapes()
    assert "there is no file" in openmg.run(*leaving.command("home")).error
    final = ended.final.checkpoint.epoch
    kept = f"{final:08}.json"
    forgotten.kept.save(openmg.wallets / f"home-escape-{CHILD_CHAIN_ID}" / kept)
    leaving.cut_off("home", 4)  # the pool, the turnstile, the first notes, the next one's turnstile
    told = leaving.escape("home")
    assert [one["step"] for one in told["done"]].count("started") == 2  # of three
    assert {one["stage"].split(":")[0] for one in told["notes"]} == {"waits", "waited in the pool's queue"}
    assert [one for one in leaving.escape("home")["done"] if one["step"] == "started"] == []
    assert paid() == expected

    cheat, watch = forgotten.cheat, ["plasma", "cancel", *options, "--proofs"]
    plasma.escape.escapeNote(*cheat.arguments(forgotten.nodes), sender=ended.remote)
    assert "can't be read" in openmg.run(*watch, str(openmg.wallets / f"home-escape-{CHILD_CHAIN_ID}" / kept)).error
    (cancelled,) = openmg.done(*watch, folder)["cancelled"]
    assert cancelled == {"asset": ETH, "amount": str(cheat.amount), "recipient": to_address(SAFE)}
    assert openmg.run(*watch, folder).out == "No escape of a spent note waits.\n"
    plasma.wait(CANCEL_PERIOD + 2)
    told = leaving.escape("home")
    assert {one["stage"].split(":")[0] for one in told["notes"]} == {"escaped", "waited in the pool's queue"}
    for asset, on_plasma in ((ETH, ETH), (ended.assets[0], bridged_token(ended.assets[0]))):
        expected[asset] += sum(note.amount for note in wallet.notes(on_plasma)[0])
    assert paid() == expected
    assert "as a note" in openmg.run("plasma", "escape", "--proofs", folder, "--list", *leaving.options("home")).out

    depositor = str(ended.depositor.address)
    before = [plasma.provider.get_balance(depositor), tokens[ended.assets[0]].balanceOf(depositor)]
    refunds = openmg.done("plasma", "refund", "--of", depositor, *options)["refunds"]
    assert [one["amount"] for one in refunds] == [str(2 * ETHER), "77", str(ETHER)]
    assert all(one["refunded"] == one["amount"] for one in refunds)
    after = [plasma.provider.get_balance(depositor), tokens[ended.assets[0]].balanceOf(depositor)]
    assert after == [before[0] + 3 * ETHER, before[1] + 77]
    assert openmg.done("plasma", "refund", "--of", depositor, *options)["refunds"] == refunds


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
