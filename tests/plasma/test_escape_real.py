"""P5 a real plasma chain ends: everybody gets out what they had in its last final state, with proofs of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from offchain.artifacts import load
from offchain.plasma.escape import Call, Escapes, StateProofs, bridged_token, remote_account, sign_escape
from offchain.units import ETHER
from offchain.wallet.escape import NoteEscape, NoteEscapeError, note_context
from offchain.wallet.kept_proofs import KeptProofs, KeptProofsError, gather
from offchain.wallet.note import ETH
from tests.conftest import Refused
from tests.plasma.ended import QUEUED, UNDELIVERED, Ended
from tests.plasma.real import address_of, child_chain, key_of
from tests.plasma.stage import CANCEL_PERIOD, authority_keys, deployed

SAFE = "0x5afe5afe5afe5AFE5Afe5AFe5AFE5AFe5aFe5AFE"
"""Where everybody wants to be paid, on the root chain."""
LOCKED = 1000


@pytest.fixture(scope="module")
def lived(
    _gas: None,
    tmp_path_factory: pytest.TempPathFactory,
    deployer: Any,
    operator: Any,
    prosumer: Any,
    trader: Any,
    project: Any,
    refused: Refused,
    stranger: Any,
) -> Iterator[Ended]:
    """A chain that has lived, with real verifiers on both sides, and goes on. It also asks for what single tests need:
    Ape would set it up again for a session's fixture that is asked for later."""
    verifier = deployer.deploy(project.JoinsplitVerifier)
    plasma = deployed(deployer, operator, project, verifier, authority_keys())
    tokens = [prosumer.deploy(project.Token, 10**9) for _ in range(2)]
    folder = tmp_path_factory.mktemp("ended")
    with child_chain(folder) as child:
        ended = Ended(plasma, child, folder, project, prosumer, trader, tokens)
        ended.live()
        yield ended


@pytest.fixture
def ended(lived: Ended) -> Ended:
    """The same, halted."""
    lived.halt()
    return lived


def call(ended: Ended, wanted: Call, sender: Any = None) -> Any:
    return getattr(ended.plasma.escape, wanted.function)(*wanted.arguments, sender=sender or ended.depositor)


def prove_all(ended: Ended) -> None:
    """Shows all contracts, once for all."""
    escapes, manifest = ended.escapes, ended.manifest
    tokens = [bridged_token(asset) for asset in ended.assets]
    exchanges = [escapes.exchange(token)[0] for token in (*tokens, manifest.address("MG1"), manifest.address("MG2"))]
    for contract in (manifest.address("factory"), manifest.address("pool"), *tokens, *exchanges):
        call(ended, escapes.prove_contract(contract))
    for asset in (ETH, ended.assets[0]):
        call(ended, escapes.prove_inside(asset))


def signature(ended: Ended, name: str, asset: str, source: str = "") -> bytes:
    domain = (ended.plasma.provider.chain_id, ended.plasma.escape.address)
    return sign_escape(key_of(name), *domain, asset, source or address_of(name), SAFE)


def start(ended: Ended, escape: NoteEscape) -> tuple[int, int]:
    nodes = ended.escapes.note_root(escape.root, escape.tree)
    ended.plasma.escape.escapeNote(*escape.arguments(nodes), sender=ended.depositor)
    return escape.nullifiers


def account_escapes(ended: Ended) -> Iterator[tuple[Call, Any]]:
    """All escapes of accounts and of liquidity, each with who sends it."""
    escapes, remote = ended.escapes, remote_account(ended.remote.address)
    for name in ("user", "provider", "platform", "shielder"):
        yield escapes.eth(address_of(name), SAFE, signature(ended, name, ETH)), None
    yield escapes.eth(remote, SAFE), ended.remote
    for name, asset in [("user", at) for at in ended.assets] + [("provider", at) for at in ended.assets]:
        yield escapes.token(asset, address_of(name), SAFE, signature(ended, name, asset)), None
    yield (
        escapes.token(ended.assets[0], address_of("shielder"), SAFE, signature(ended, "shielder", ended.assets[0])),
        None,
    )
    yield escapes.token(ended.assets[0], remote, SAFE), ended.remote
    for asset in ended.assets:
        token = bridged_token(asset)
        exchange, _ = escapes.exchange(token)
        for side in (ETH, asset):
            signed = signature(ended, "provider", side, exchange)
            yield escapes.liquidity(side, token, address_of("provider"), SAFE, signed), None
    for side in (ETH, ended.assets[0]):
        yield escapes.liquidity(side, bridged_token(ended.assets[0]), remote, SAFE), ended.remote
    for name in ("MG1", "MG2"):
        token = ended.manifest.address(name)
        signed = signature(ended, "platform", ETH, escapes.exchange(token)[0])
        yield escapes.liquidity(ETH, token, address_of("platform"), SAFE, signed), None


def test_everybody_leaves(ended: Ended) -> None:
    """P1 all that accounts, shares and notes had is paid; what stays is what nobody can show to be theirs."""
    vault, owner = ended.plasma.vault, ended.depositor
    assert ended.exit is not None
    vault.startExit(
        ended.exit.abi(),
        ended.final.abi(),
        list(ended.child.exit_tree.path(ended.exit.id, ended.final.checkpoint.exit_count)),
        sender=owner,
    )
    vault.releaseExit(ended.exit.abi(), sender=owner)
    assert vault.claimable(ETH, address_of("exit")) == ETHER

    refunds = [*ended.child.messages[ended.final.checkpoint.inbox_consumed :], *ended.waiting]
    for number, message in enumerate(refunds, ended.final.checkpoint.inbox_consumed):
        vault.refund(number, message.abi(), ended.final.abi(), sender=owner)
    assert (vault.claimable(ETH, owner), vault.claimable(ended.assets[0], owner)) == (3 * ETHER, 77)

    prove_all(ended)
    assets = [ETH, *ended.assets]
    expected = dict.fromkeys(assets, 0)
    for wanted, sender in account_escapes(ended):
        asset = ETH if wanted.function == "escapeEth" else str(wanted.arguments[0])
        call(ended, wanted, sender)
        expected[asset] += wanted.amount
        assert vault.claimable(asset, SAFE) == expected[asset]

    started = []
    for wallet in (0, 1):
        leaving = ended.note_escapes(wallet)
        for asset, on_plasma in ((ETH, ETH), (ended.assets[0], bridged_token(ended.assets[0]))):
            for notes in leaving.pairs(on_plasma):
                escape = leaving.build(notes, asset, SAFE)
                started.append(start(ended, escape))
                expected[asset] += escape.amount
    ended.plasma.wait(CANCEL_PERIOD)
    for nullifiers in started:
        ended.plasma.escape.releaseNote(*nullifiers, sender=owner)
    assert [vault.claimable(asset, SAFE) for asset in assets] == [expected[asset] for asset in assets]
    assert expected[ETH] > 30 * ETHER
    stays = leftovers(ended)
    assert {asset: vault.held(asset) for asset in assets} == stays
    assert stays[ETH] - UNDELIVERED - QUEUED < 10**7
    assert max(stays[asset] for asset in ended.assets) <= 2
    for token in (None, *ended.tokens):
        asset = str(token.address) if token else ETH
        vault.claim(asset, SAFE, sender=owner)
    assert ended.plasma.provider.get_balance(SAFE) == expected[ETH]
    assert [token.balanceOf(SAFE) for token in ended.tokens] == [expected[asset] for asset in ended.assets]


def leftovers(ended: Ended) -> dict[str, int]:
    """What stays in the vault: a deposit that a contract refused, the note in the queue, and of each exchange what is
    locked in it and what rounding leaves."""
    web3, end = ended.child.web3, ended.final.checkpoint.end
    remote = remote_account(ended.remote.address)
    stays = {ETH: UNDELIVERED + QUEUED} | dict.fromkeys(ended.assets, 0)
    owners = {ended.exchange(asset).address: ("provider", asset) for asset in ended.assets}
    owners |= {ended.manifest.address(f"{name}_exchange"): ("platform", "") for name in ("MG1", "MG2")}
    for address, (name, asset) in owners.items():
        shares = load("UniswapExchange").at(web3, address).functions
        supply = shares.totalSupply().call(block_identifier=end)
        held = [shares.balanceOf(who).call(block_identifier=end) for who in (address_of(name), remote)]
        assert sum(held) == supply - LOCKED
        reserves = {ETH: web3.eth.get_balance(address, end)}
        if asset:
            reserves[asset] = ended.child.token(asset).functions.balanceOf(address).call(block_identifier=end)
        for side, reserve in reserves.items():
            stays[side] += reserve - sum(share * reserve // supply for share in held)
    return stays


def test_proofs_from_a_file(lived: Ended) -> None:
    """Who kept the proofs while there was a node leaves without one."""
    known = StateProofs(lived.final.checkpoint.last_state_root, lived.state._fetch)
    platform = (lived.manifest.address("factory"), lived.manifest.address("pool"))
    token, exchange = bridged_token(lived.assets[0]), lived.exchange(lived.assets[0]).address

    def wanted(state: StateProofs) -> list[Call]:
        escapes = Escapes(state, *platform)
        provider = address_of("provider")
        contracts = [escapes.prove_contract(contract) for contract in (platform[0], token, exchange)]
        signed = signature(lived, "provider", lived.assets[0], exchange)
        return [*contracts, escapes.liquidity(lived.assets[0], token, provider, SAFE, signed)]

    wanted(known)
    kept = StateProofs.from_json(json.loads(json.dumps(known.to_json())))
    lived.halt()
    calls = wanted(kept)
    for one in calls:
        call(lived, one)
    assert lived.plasma.vault.claimable(lived.assets[0], SAFE) == calls[-1].amount > 0


def test_a_wallet_keeps_its_proofs(lived: Ended, tmp_path: Path) -> None:
    """P5 what a wallet wrote while there was a node is enough: for its notes, and for an account with shares."""
    state = lived.state
    platform = (lived.manifest.address("factory"), lived.manifest.address("pool"))
    wallet = lived.wallets[0]
    wallet.sync()
    keys = wallet.keys
    wallet.keys = SimpleNamespace(account=key_of("provider"), viewing=keys.viewing)  # type: ignore[assignment]
    proofs = StateProofs(lived.final.checkpoint.last_state_root, state._fetch)
    kept = gather(wallet, lived.final, proofs, platform, lived.assets)
    wallet.keys = keys
    kept.save(tmp_path / "kept.json")
    read = KeptProofs.load(tmp_path / "kept.json")
    assert (read.submission, read.found) == (lived.final, kept.found)
    shares = [f"liquidity of {bridged_token(asset)}" for asset in lived.assets]
    assert {"ETH", f"notes of {ETH}", *shares} <= set(read.found)

    notes = lived.note_escapes()
    proven = notes.build(next(notes.pairs(ETH)), ETH, SAFE)
    lived.halt()
    escapes = Escapes(read.proofs, *platform)
    token, exchange = bridged_token(lived.assets[0]), lived.exchange(lived.assets[0]).address
    for contract in (platform[1], platform[0], token, exchange):
        call(lived, escapes.prove_contract(contract))
    call(lived, escapes.prove_inside(ETH))
    arguments = proven.arguments(escapes.note_root(proven.root, proven.tree))
    lived.plasma.escape.escapeNote(*arguments, sender=lived.depositor)
    assert lived.plasma.escape.noteEscape(*proven.nullifiers).amount == proven.amount
    signed = signature(lived, "provider", lived.assets[0], exchange)
    liquidity = escapes.liquidity(lived.assets[0], token, address_of("provider"), SAFE, signed)
    call(lived, liquidity)
    assert lived.plasma.vault.claimable(lived.assets[0], SAFE) == liquidity.amount > 0


def test_what_is_no_file_of_kept_proofs(lived: Ended, tmp_path: Path) -> None:
    """P9 a damaged file, one of another state, and a folder that can't be are named in one line."""
    path = tmp_path / "kept.json"
    for content in ("", "[]", '{"submission": {}}'):
        path.write_text(content)
        with pytest.raises(KeptProofsError, match="is no file of kept proofs"):
            KeptProofs.load(path)
    KeptProofs(lived.final, StateProofs(bytes(32)), ()).save(path)
    with pytest.raises(KeptProofsError, match="proofs of another state"):
        KeptProofs.load(path)
    with pytest.raises(KeptProofsError, match="can't be written"):
        KeptProofs(lived.final, StateProofs(bytes(32)), ()).save(path / "below")


def test_spent_note(ended: Ended, refused: Refused) -> None:
    """P2 no note is both spent and escaped: its owner can prove that it was there, anybody that it is spent."""
    prove_all(ended)
    assert ended.spent is not None
    now = ended.note_escapes()
    with pytest.raises(NoteEscapeError, match=f"note {ended.spent.position} was not there, or spent"):
        now.build([ended.spent], ETH, SAFE)
    before = ended.note_escapes(block=ended.early)
    (unspent,) = [note for note in before.notes(ETH)[0] if note.amount == 2 * ETHER]
    cheating = before.build([ended.spent, unspent], ETH, SAFE)
    nullifiers = start(ended, cheating)
    cancel = ended.escapes.cancel(nullifiers, ended.spent.nullifier)
    call(ended, cancel)
    unknown = ("UnknownEscape(uint256,uint256)", *nullifiers)
    ended.plasma.wait(CANCEL_PERIOD)
    refused(ended.plasma.escape.releaseNote, *nullifiers, error=unknown, sender=ended.depositor)
    again = before.build([ended.spent], ETH, SAFE)
    arguments = again.arguments(ended.escapes.note_root(again.root, again.tree))
    error = ("NullifierUsed(uint256)", ended.spent.nullifier)
    refused(ended.plasma.escape.escapeNote, *arguments, error=error, sender=ended.depositor)
    honest = start(ended, now.build([unspent], ETH, SAFE))
    ended.plasma.wait(CANCEL_PERIOD)
    ended.plasma.escape.releaseNote(*honest, sender=ended.depositor)
    assert ended.plasma.vault.claimable(ETH, SAFE) == 2 * ETHER


def test_note_proofs(ended: Ended, refused: Refused, stranger: Any) -> None:
    """A real proof is for its recipient, asset, amount and contract, and no other."""
    prove_all(ended)
    escape_note = ended.plasma.escape.escapeNote
    leaving = ended.note_escapes(1)
    (notes,) = leaving.pairs(ETH)
    escape = leaving.build(notes, ETH, SAFE)
    nodes = ended.escapes.note_root(escape.root, escape.tree)
    contract = (ended.plasma.provider.chain_id, ended.plasma.escape.address)
    context = note_context(*contract, ETH, SAFE)
    assert escape.signals[9] == context == ended.plasma.escape.noteContext(ETH, SAFE)
    theirs = note_context(*contract, ETH, stranger.address)
    stolen = replace(escape, recipient=stranger.address).arguments(nodes)
    error = ("WrongContext(uint256,uint256)", theirs, context)
    refused(escape_note, *stolen, error=error, sender=stranger)
    for place, value in ((9, theirs), (8, escape.amount + 1), (0, 7)):
        signals = (*escape.signals[:place], value, *escape.signals[place + 1 :])
        recipient = stranger.address if place == 9 else SAFE
        bent = replace(escape, signals=signals, recipient=recipient).arguments(nodes)
        refused(escape_note, *bent, error="InvalidProof()", sender=stranger)
    start(ended, escape)


def test_what_notes_cannot(ended: Ended) -> None:
    """P9 notes that can't escape are refused with a reason, before anything is proven."""
    leaving, others = ended.note_escapes(), ended.note_escapes(1)
    escaping, waiting = leaving.notes(ETH)
    assert [note.amount for note in waiting] == [QUEUED]
    tokens, _ = leaving.notes(bridged_token(ended.assets[0]))
    (theirs,), _ = others.notes(ETH)
    for notes, to, error in (
        (waiting, SAFE, "waited in the pool's queue"),
        ([], SAFE, "takes one or 2 notes, not 0"),
        ([*escaping, *tokens], SAFE, "takes one or 2 notes, not"),
        ([escaping[0]] * 2, SAFE, "can't escape twice"),
        ([escaping[0], tokens[0]], SAFE, "different assets"),
        ([theirs], SAFE, "was not there, or spent"),
        (tokens, "0x" + "00" * 20, "no account that can be paid"),
        (tokens, "nobody", "no account that can be paid"),
    ):
        with pytest.raises(NoteEscapeError, match=error):
            leaving.build(notes, ETH, to)
