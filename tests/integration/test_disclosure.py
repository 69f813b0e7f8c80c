"""Disclosures of real payments, held against the chain, and what an auditor must not believe."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PrivateKey, PublicKey, SealedBox
from web3 import Web3

from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.flusher import Flusher
from offchain.sender import development_sender
from offchain.units import ETHER
from offchain.wallet.audit import Audit
from offchain.wallet.disclose import Discloser
from offchain.wallet.disclosure import MARK, Disclosure, DisclosureError, Line, Role
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.wallet.relay import OwnAccount
from offchain.wallet.transactions import TransactionMissing
from offchain.wallet.wallet import Wallet

HOUSEHOLD, SHOP, AUDITOR, STRANGER = (Seed(bytes([number] * 16)).keys() for number in range(1, 5))
FOREVER = 2**62


@dataclass
class Story:
    """A household shielded 3 ETH in two notes, paid 2 of them to a shop and took 0.25 out."""

    web3: Web3
    manifest: Manifest
    household: Wallet
    shop: Wallet
    shielded: str
    payment: str
    unshielded: str

    def audit(self, disclosure: Disclosure) -> Any:
        return Audit(self.web3, self.manifest).check(disclosure)

    def doubts(self, disclosure: Disclosure) -> str:
        """Why a disclosure isn't believed."""
        with pytest.raises(DisclosureError) as error:
            self.audit(disclosure)
        return str(error.value)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        manifest = Manifest.open(950327, folder)
        operator, payer = (development_sender(chain.web3, number) for number in (0, 1))
        list(PlatformDeployment(operator, manifest, operator.address).run())
        flusher = Flusher(operator, manifest)
        household, shop = (Wallet(keys, chain.web3, manifest, folder) for keys in (HOUSEHOLD, SHOP))
        household.shield(ETHER, ETH, payer)
        shielded = household.shield(2 * ETHER, ETH, payer)
        flusher.flush()
        household.sync()
        payment = household.send(SHOP.address, 2 * ETHER + ETHER // 2, ETH, OwnAccount(payer))
        flusher.flush()
        household.sync()
        unshielded = household.unshield(operator.address, ETHER // 4, ETH, OwnAccount(payer))
        flusher.flush()
        household.sync()
        shop.sync()
        yield Story(chain.web3, manifest, household, shop, shielded, payment, unshielded)


@pytest.fixture(scope="module")
def paid(story: Story) -> Disclosure:
    """The payment, as its payer discloses it."""
    return Discloser(story.household, AUDITOR.address, "rent").payment(story.payment)


@pytest.fixture(scope="module")
def statement(story: Story) -> Disclosure:
    """All that the household did."""
    return Discloser(story.household, AUDITOR.address, "tax").statement(0, FOREVER)


def test_payer_shows_a_payment(story: Story, paid: Disclosure) -> None:
    """D1 amount, asset and receiver hold against the chain, and that the discloser paid; nothing else is told."""
    received = Disclosure.unsealed(paid.sealed(), AUDITOR.viewing)
    assert received == paid
    (finding,) = story.audit(received)
    (movement,) = finding.movements
    assert (movement.role, movement.asset, movement.amount) == ("payment", ETH, 5 * ETHER // 2)
    assert movement.address == str(SHOP.address)
    assert finding.by_owner
    assert finding.spent == {}
    assert received.header.owner == ""
    assert len(received.lines[0].openings) == 1


def test_receiver_shows_a_payment(story: Story) -> None:
    """D1 the receiver can show the same note, without a proof of who paid."""
    disclosure = Discloser(story.shop, AUDITOR.address, "income").payment(story.payment)
    (finding,) = story.audit(Disclosure.unsealed(disclosure.sealed(), AUDITOR.viewing))
    assert [(movement.role, movement.amount) for movement in finding.movements] == [("received", 5 * ETHER // 2)]
    assert not finding.by_owner


def test_statement_shows_what_was_spent(story: Story, statement: Disclosure) -> None:
    """D2 every line holds: what notes held, what came back, what went to whom."""
    shielded, more, sent, taken = story.audit(Disclosure.unsealed(statement.sealed(), AUDITOR.viewing))
    assert [finding.kind for finding in (shielded, more, sent, taken)] == ["shielded", "shielded", "sent", "unshielded"]
    assert [movement.amount for movement in more.movements] == [2 * ETHER]
    assert sent.spent == {ETH: 3 * ETHER}
    amounts = {movement.role: movement.amount for movement in sent.movements}
    assert amounts == {"payment": 5 * ETHER // 2, "change": ETHER // 2}
    assert taken.spent == {ETH: ETHER // 2}
    amounts = {movement.role: movement.amount for movement in taken.movements}
    assert amounts == {"change": ETHER // 4, "unshielded": ETHER // 4}


def test_statement_keeps_to_its_time(story: Story, statement: Disclosure) -> None:
    """D2 what lies outside isn't shown, and can't be passed off as inside."""
    times = [finding.time for finding in story.audit(statement)]
    later = Discloser(story.household, AUDITOR.address, "tax").statement(times[-1], FOREVER)
    assert [line.transaction for line in later.lines] == [story.unshielded]
    narrow = replace(statement, header=replace(statement.header, since=times[-1] + 1))
    assert "not of the statement's time" in story.doubts(narrow)
    with pytest.raises(DisclosureError, match="there is nothing in that time"):
        Discloser(story.household, AUDITOR.address, "tax").statement(0, 1)


def test_an_opening_that_was_altered(story: Story, paid: Disclosure) -> None:
    """D3 no other amount, asset, receiver or blinding fits the chain's commitments."""
    (line,) = paid.lines
    (opening,) = line.openings
    changes: list[dict[str, Any]] = [
        {"amount": opening.note.amount + 1},
        {"asset": story.manifest.address("MG1")},
        {"blinding": opening.note.blinding + 1},
        {"owner": STRANGER.viewing.public_key},
    ]
    for change in changes:
        altered = replace(opening, note=replace(opening.note, **change), address="")
        assert "fits none of the notes" in story.doubts(with_line(paid, replace(line, openings=(altered,))))
    elsewhere = replace(line, transaction=story.unshielded)
    assert "fits none of the notes" in story.doubts(with_line(paid, elsewhere))
    assert "opened twice" in story.doubts(with_line(paid, replace(line, openings=(opening, opening))))
    assert "shows nothing" in story.doubts(with_line(paid, replace(line, openings=(), proofs=())))


def test_a_proof_is_for_one_auditor_and_purpose(story: Story, paid: Disclosure) -> None:
    """D3 who was shown a payment can't show it to others as its payer."""
    for change in ({"auditor": str(STRANGER.address)}, {"purpose": "a gift"}, {"made": paid.header.made + 1}):
        changed = replace(paid, header=replace(paid.header, **change))
        assert "another auditor, purpose or transaction" in story.doubts(changed)
    handed_on = replace(paid, header=replace(paid.header, auditor=str(STRANGER.address)))
    outer = json.loads(handed_on.sealed())
    assert Disclosure.unsealed(json.dumps(outer), STRANGER.viewing) == handed_on


def test_a_proof_that_is_of_something_else(story: Story, paid: Disclosure, statement: Disclosure) -> None:
    """D3 other nullifiers, roots, amounts or numbers don't pass."""
    (line,) = paid.lines
    (proof,) = line.proofs
    for place, why in ((0, "other notes"), (5, "a tree that the pool never had"), (2, "doesn't hold")):
        signals = list(proof.signals)
        signals[place] += 1
        altered = replace(line, proofs=(replace(proof, signals=tuple(signals)),))
        assert why in story.doubts(with_line(paid, altered))
    numbers = list(proof.proof.numbers)
    numbers[0], numbers[1] = 1, 2
    wrong = replace(proof, proof=type(proof.proof).from_numbers(numbers))
    assert "doesn't hold" in story.doubts(with_line(paid, replace(line, proofs=(wrong,))))
    assert "other notes" in story.doubts(with_line(paid, replace(line, proofs=(proof, proof))))
    sent = statement.lines[2]
    (total,) = sent.proofs
    signals = list(total.signals)
    signals[8] += ETHER
    more = replace(sent, proofs=(replace(total, signals=tuple(signals)),))
    assert "doesn't hold" in story.doubts(replace(statement, lines=(more,)))


def test_a_statement_of_somebody_elses_notes(story: Story, statement: Disclosure) -> None:
    """D3 notes that are said to be the owner's must be."""
    other = replace(statement, header=replace(statement.header, owner=str(STRANGER.address)))
    assert "somebody else's" in story.doubts(other)
    twice = replace(statement, lines=(statement.lines[0], statement.lines[0]))
    assert "a transaction twice" in story.doubts(twice)
    assert "shows nothing" in story.doubts(replace(statement, lines=()))
    foreign = replace(statement, header=replace(statement.header, chain_id=1))
    assert "wrong network" in story.doubts(foreign)


def test_only_the_auditor_opens_it(paid: Disclosure) -> None:
    """P3 D4 the file tells nobody else anything but whom it is for."""
    text = paid.sealed()
    assert paid.header.purpose not in text
    assert paid.lines[0].transaction not in text
    with pytest.raises(DisclosureError, match="not for this wallet"):
        Disclosure.unsealed(text, STRANGER.viewing)
    renamed = json.dumps(json.loads(text) | {"auditor": str(STRANGER.address)})
    with pytest.raises(DisclosureError, match="is damaged"):
        Disclosure.unsealed(renamed, STRANGER.viewing)


def test_one_that_was_made_for_another_auditor_is_recognised(paid: Disclosure) -> None:
    """D4 an auditor that encrypts what it was shown to somebody else is seen through."""
    outer = json.loads(paid.sealed())
    sealed_for_auditor = b64decode(outer["box"])
    content = SealedBox(PrivateKey(AUDITOR.viewing.decryption_key)).decrypt(sealed_for_auditor)
    box = SealedBox(PublicKey(STRANGER.address.encryption_key)).encrypt(content)
    handed_on = json.dumps({MARK: 1, "auditor": str(STRANGER.address), "box": b64encode(box).decode()})
    with pytest.raises(DisclosureError, match="handed on to you"):
        Disclosure.unsealed(handed_on, STRANGER.viewing)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"openmg_disclosure": 2}', "null", "[" * 10_000])
def test_files_that_are_none(text: str) -> None:
    """P9 one line."""
    with pytest.raises(DisclosureError, match="this is no disclosure"):
        Disclosure.unsealed(text, AUDITOR.viewing)


def test_contents_that_are_damaged(paid: Disclosure) -> None:
    """P9 whatever is changed within, one line: strangers write these files."""
    (line,) = paid.lines
    damaged: list[Line] = [
        replace(line, transaction="0x12"),
        replace(line, kind="\x1b[31m"),
        replace(line, openings=(replace(line.openings[0], address="openmg1"),)),
        replace(line, openings=(replace(line.openings[0], address=str(STRANGER.address)),)),
        replace(line, openings=(replace(line.openings[0], note=replace(line.openings[0].note, amount=2**128)),)),
        replace(line, proofs=(replace(line.proofs[0], signals=line.proofs[0].signals[1:]),)),
    ]
    for one in damaged:
        with pytest.raises(DisclosureError, match="is damaged"):
            Disclosure.unsealed(with_line(paid, one).sealed(), AUDITOR.viewing)


def test_what_can_t_be_disclosed(story: Story) -> None:
    """P9 somebody else's transaction, one that isn't there, no purpose."""
    stranger = Wallet(STRANGER, story.web3, story.manifest, Path(story.household.store.path).parent)
    stranger.sync()
    discloser = Discloser(stranger, AUDITOR.address, "rent")
    with pytest.raises(DisclosureError, match="no payment that this wallet made or received"):
        discloser.payment(story.payment)
    with pytest.raises(DisclosureError, match="no settlement of this wallet"):
        discloser.settlement(story.payment)
    with pytest.raises(TransactionMissing, match="not on this chain"):
        discloser.payment("0x" + "12" * 32)
    for purpose in ("", "two\nlines", "x" * 201):
        with pytest.raises(DisclosureError, match="say what the disclosure is for"):
            Discloser(stranger, AUDITOR.address, purpose)


def test_a_received_note_is_not_a_payment_by_its_sender(story: Story) -> None:
    """D1 change is not passed off as income: the payer can only disclose what it paid."""
    disclosure = Discloser(story.household, AUDITOR.address, "rent").payment(story.payment)
    assert [opening.role for opening in disclosure.lines[0].openings] == [Role.PAYMENT]
    with pytest.raises(DisclosureError, match="no payment"):
        Discloser(story.household, AUDITOR.address, "rent").payment(story.unshielded)


def with_line(disclosure: Disclosure, line: Line) -> Disclosure:
    return replace(disclosure, lines=(line,))
