"""An operator's side of metering: cards, the book, bundles, registration, publication, delivery to owners."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nacl.bindings import crypto_scalarmult_base
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.chains import PLASMA, ChainSpec, started
from offchain.commands.metering import operator
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment, Rules
from offchain.errors import UserError
from offchain.metering import publication
from offchain.metering.bundle import HEADER, Bundle, data_hash, levels_of, seal
from offchain.metering.card import MeterCard, reading_key
from offchain.metering.delivery import Delivery
from offchain.metering.ledger import Draft, Ledger, Meter
from offchain.metering.publication import BUNDLES, Outcome, Publisher
from offchain.metering.readings_tree import Reading, ReadingsTree, verify_reading
from offchain.metering.registration import Registration
from offchain.sender import Sender, TransactionError, development_sender
from offchain.settings import settings
from offchain.wallet.meter import OwnMeter
from offchain.wallet.trees import Path as TreePath
from tests.added_package import added_package

SECRETS = [1000 + number for number in range(5)]
CARDS = [MeterCard.of(secret) for secret in SECRETS]
KEYS = {card.commitment: card.encryption_key for card in CARDS}
CAPACITY = 8_000
BUNDLE_SECRET = bytes(range(32))
RULES = Rules(epoch_length=900, correction_window=300)


def readings(count: int = len(CARDS), more: int = 0) -> list[Reading]:
    """Readings of the first meters."""
    return [Reading(card.commitment, 100 * number + more, 7 * number) for number, card in enumerate(CARDS[:count])]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_owner_finds_its_own_part(count: int) -> None:
    """R7 each owner opens its reading and a path to the root, and nobody else's."""
    tree = ReadingsTree(77, readings(count))
    bundle = Bundle.parse(seal(2, tree, KEYS, BUNDLE_SECRET))
    assert (bundle.microgrid, bundle.epoch, bundle.count, bundle.levels) == (2, 77, count, levels_of(count))
    for card, secret, reading in zip(CARDS, SECRETS, readings(), strict=True):
        part = bundle.open(card.commitment, reading_key(secret))
        if reading not in tree.readings:
            assert part is None
            continue
        assert part is not None
        assert part[0] == reading
        assert verify_reading(tree.root, 77, *part)
    assert bundle.open(CARDS[0].commitment, reading_key(5)) is None


def test_a_bundle_tells_nobody_whose_parts_are_whose() -> None:
    """R7 no commitment or key stands in a bundle, parts are of one length, tags are new in every bundle, and the order
    of leaves is another one in every epoch."""
    trees = [ReadingsTree(epoch, readings(), shuffler=random.Random(epoch)) for epoch in range(12)]
    bundles = [seal(1, tree, KEYS, bytes([tree.epoch]) * 32) for tree in trees]
    for card in CARDS:
        for told in (card.commitment.to_bytes(32, "big"), card.encryption_key):
            assert not any(told in bundle for bundle in bundles)
    assert len({len(bundle) for bundle in bundles}) == 1
    size = (len(bundles[0]) - HEADER.size) // len(CARDS)
    tags = [bundle[place : place + 16] for bundle in bundles for place in range(HEADER.size, len(bundle), size)]
    assert len(set(tags)) == len(tags) == 12 * len(CARDS)
    orders = set()
    for tree, sealed in zip(trees, bundles, strict=True):
        parts = Bundle.parse(sealed)
        places = []
        for card, secret in zip(CARDS, SECRETS, strict=True):
            found = parts.open(card.commitment, reading_key(secret))
            assert found is not None
            places.append((found[1].index, card.commitment))
        assert [commitment for _, commitment in sorted(places)] == [reading.commitment for reading in tree.readings]
        orders.add(tuple(index for index, _ in places))
    assert len(orders) > 6


def test_the_same_draft_gives_the_same_bundle() -> None:
    """R8 sealing is repeatable, so a run that was cut off publishes the hash it wrote down."""
    tree = ReadingsTree(3, readings())
    assert seal(1, tree, KEYS, BUNDLE_SECRET) == seal(1, tree, KEYS, BUNDLE_SECRET)
    assert data_hash(seal(1, tree, KEYS, BUNDLE_SECRET)) != data_hash(seal(1, tree, KEYS, bytes(32)))


def test_damaged_bundles_are_named() -> None:
    """P9 a bundle from anybody is refused in one line, wherever it was changed."""
    sealed = seal(1, ReadingsTree(3, readings()), KEYS, BUNDLE_SECRET)
    for wrong, message in (
        (b"", "too short"),
        (b"x" + sealed[1:], "no bundle of readings"),
        (sealed[:4] + b"\2" + sealed[5:], "another version"),
        (sealed[:-1], "its length is wrong"),
        (sealed + b"\0", "its length is wrong"),
        (sealed[:5] + b"\x15" + sealed[6:], "its length is wrong"),
    ):
        with pytest.raises(UserError, match=message):
            Bundle.parse(wrong)
    size = (len(sealed) - HEADER.size) // len(CARDS)
    for place in range(HEADER.size + 20, len(sealed), size):
        sealed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
    with pytest.raises(UserError, match="part of the bundle is damaged"):
        Bundle.parse(sealed).open(CARDS[0].commitment, reading_key(SECRETS[0]))


def test_a_key_that_everybody_could_open_is_refused() -> None:
    """P9 a point of small order on a card gives no bundle, and in a bundle's header nobody a part."""
    tree = ReadingsTree(3, readings(1))
    with pytest.raises(UserError, match="is none: register it anew"):
        seal(1, tree, {CARDS[0].commitment: bytes(32)}, BUNDLE_SECRET)
    with pytest.raises(UserError, match="is not registered here"):
        seal(1, tree, {}, BUNDLE_SECRET)
    sealed = bytearray(seal(1, tree, KEYS, BUNDLE_SECRET))
    sealed[HEADER.size - 32 : HEADER.size] = bytes(32)
    assert Bundle.parse(bytes(sealed)).open(CARDS[0].commitment, reading_key(SECRETS[0])) is None


def test_a_card_goes_as_text() -> None:
    """P9 a card is read back as it was, with any single mistyped character it is refused."""
    text = str(CARDS[0])
    assert MeterCard.parse(text) == CARDS[0]
    assert MeterCard.parse(text.upper()) == CARDS[0]
    assert CARDS[0].encryption_key == crypto_scalarmult_base(reading_key(SECRETS[0]))
    for place in (3, 20, len(text) - 1):
        wrong = "q" if text[place] != "q" else "p"
        with pytest.raises(UserError, match="meter card"):
            MeterCard.parse(text[:place] + wrong + text[place + 1 :])
    with pytest.raises(UserError, match="no valid commitment"):
        MeterCard.parse(str(MeterCard(0, CARDS[0].encryption_key)))
    assert len({CARDS[0].encryption_key, *(card.encryption_key for card in CARDS)}) == len(CARDS)


def test_the_book_keeps_what_it_was_given(tmp_path: Path) -> None:
    """R8 meters and drafts come back from disk as they were, in the file's owner's hands alone."""
    ledger = Ledger(tmp_path / "metering")
    ledger.add_meters([Meter(card, 1, CAPACITY) for card in CARDS])
    draft = Draft(readings()[::-1], KEYS, BUNDLE_SECRET)
    ledger.add_draft(1, 2**64 - 1, draft)
    ledger.add_draft(1, 2**64 - 1, dataclasses.replace(draft, secret=bytes(32)))
    ledger.close()
    again = Ledger(tmp_path / "metering")
    assert again.keys(1) == KEYS
    assert again.keys(2) == {}
    assert [found.secret for found in again.drafts(1, 2**64 - 1)] == [bytes(32), BUNDLE_SECRET]
    assert again.drafts(1, 2**64 - 1)[1] == draft
    assert again.drafts(2, 2**64 - 1) == []
    assert again.path.stat().st_mode & 0o77 == 0
    again.close()


def test_a_damaged_book_is_named(tmp_path: Path) -> None:
    """P9 a file that is no book, or a folder that is none, gives one line."""
    (tmp_path / "ledger.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(UserError, match="can't be used"):
        Ledger(tmp_path)
    with pytest.raises(UserError, match="can't be used"):
        Ledger(tmp_path / "ledger.db")


@dataclass
class Office:
    """An operator with a chain of its own, of which a test may move the time."""

    web3: Web3
    manifest: Manifest
    sender: Sender
    folder: Path
    ledger: Ledger

    def publisher(self, sender: Sender | None = None) -> Publisher:
        return Publisher(sender or self.sender, self.manifest, 1, self.ledger, self.folder)

    def pass_time(self, seconds: int) -> None:
        self.web3.provider.make_request(RPCEndpoint("evm_increaseTime"), [seconds])
        self.web3.provider.make_request(RPCEndpoint("evm_mine"), [])

    def last_epoch(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"]) // RULES.epoch_length - 1


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with started(ChainSpec("plasma", PLASMA.chain_id, 0)) as chain:
        web3 = chain.web3
        sender, manifest = development_sender(web3, 0), Manifest.open(chain.chain_id, folder)
        for _ in PlatformDeployment(sender, manifest, sender.address, rules=RULES).run():
            pass
        ledger = Ledger(folder / "metering")
        Registration(sender, manifest, ledger).register([Meter(card, 1, CAPACITY) for card in CARDS])
        yield Office(web3, manifest, sender, folder / "metering", ledger)
        ledger.close()


@pytest.fixture
def epoch(office: Office) -> int:
    """An epoch that has just ended and isn't published."""
    office.pass_time(RULES.epoch_length)
    return office.last_epoch()


def own(number: int) -> OwnMeter:
    """A meter as its owner's wallet has it."""
    return OwnMeter(SECRETS[number], CARDS[number].commitment, 1, CAPACITY, TreePath(0, [], 0))


def test_meters_are_registered_once(office: Office) -> None:
    """R8 registering again sends nothing; a half-done run registers the rest."""
    registration = Registration(office.sender, office.manifest, office.ledger)
    meters = [Meter(card, 1, CAPACITY) for card in CARDS]
    assert registration.registered() == {card.commitment: (1, CAPACITY) for card in CARDS}
    before = office.web3.eth.block_number
    assert registration.register(meters) == 0
    assert office.web3.eth.block_number == before
    late = Meter(MeterCard.of(2000), registration.microgrid("MG2"), CAPACITY)
    assert registration.register([*meters, late]) == 1
    assert office.ledger.keys(2) == {late.card.commitment: late.card.encryption_key}


@pytest.mark.parametrize(
    ("meters", "message"),
    [
        ([Meter(CARDS[0], 1, 5)], "is registered in microgrid 1 with 8000 Wh an epoch: remove it first"),
        ([Meter(CARDS[0], 2, CAPACITY)], "remove it first"),
        ([Meter(CARDS[0], 1, CAPACITY)] * 2, "stands there twice"),
        ([Meter(MeterCard.of(9), 1, 0)], "the capacity must be more than 0"),
        ([Meter(MeterCard.of(9), 1, 2**32)], "below 4294967296 Wh"),
    ],
)
def test_wrong_meters_are_named(office: Office, meters: list[Meter], message: str) -> None:
    """P9 what can't be registered is refused before the book or the chain is changed."""
    before = office.web3.eth.block_number
    with pytest.raises(UserError, match=message):
        Registration(office.sender, office.manifest, office.ledger).register(meters)
    assert office.web3.eth.block_number == before
    assert MeterCard.of(9).commitment not in office.ledger.keys(1)
    with pytest.raises(UserError, match="there is no microgrid MG7 here: there are MG1, MG2"):
        Registration(office.sender, office.manifest, office.ledger).microgrid("MG7")


def test_owners_get_what_was_published(office: Office, epoch: int) -> None:
    """R7 the published bundle gives every owner a reading that leads to the root on chain; totals are all meters'."""
    published = office.publisher().publish(epoch, readings())
    assert published.outcome is Outcome.PUBLISHED
    assert (published.exported, published.imported) == (1000, 70)
    delivery = Delivery(office.web3, office.manifest, office.folder / BUNDLES)
    for number, reading in enumerate(readings()):
        found, path = delivery.reading(own(number), epoch)
        assert found == reading
        assert verify_reading(published.root, epoch, found, path)


def test_publishing_again_publishes_nothing(office: Office, epoch: int) -> None:
    """R8 the same readings, in any order, give the same tree and no transaction; other readings are refused."""
    first = office.publisher().publish(epoch, readings())
    before = office.web3.eth.block_number
    again = office.publisher().publish(epoch, readings()[::-1])
    assert again == dataclasses.replace(first, outcome=Outcome.THERE_ALREADY)
    with pytest.raises(UserError, match="was published with other readings: correct it"):
        office.publisher().publish(epoch, readings(more=1))
    assert office.web3.eth.block_number == before


@pytest.mark.parametrize("cut", ["_keep", "_bring"])
def test_a_run_that_was_cut_off_goes_on_with_the_same_tree(
    office: Office, epoch: int, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8 cut off after the book or after the bundle: the next run finds the draft and publishes it."""

    class Power(Exception):
        """A power cut."""

    def fail(*_: object) -> None:
        raise Power

    publisher = office.publisher()
    with monkeypatch.context() as patched:
        patched.setattr(publisher, cut, fail)
        with pytest.raises(Power):
            publisher.publish(epoch, readings())
    (draft,) = office.ledger.drafts(1, epoch)
    published = office.publisher().publish(epoch, readings())
    assert published.root == ReadingsTree.in_order(epoch, draft.readings).root
    assert len(office.ledger.drafts(1, epoch)) == 1


def test_a_run_that_was_cut_off_while_its_transaction_was_under_way(office: Office, epoch: int) -> None:
    """R8 a transaction of the run before that is mined in between makes the second one a success, not an error."""
    publisher = office.publisher()
    transact = office.sender.transact

    class Twice(Sender):
        """Sends every transaction twice, as two runs would."""

        def transact(self, call: object, value: int = 0) -> object:  # type: ignore[override]
            transact(call, value)  # type: ignore[arg-type]
            return transact(call, value)  # type: ignore[arg-type]

    twice = Twice(office.web3, office.sender.address, office.sender._sign)
    assert office.publisher(twice).publish(epoch, readings()).outcome is Outcome.THERE_ALREADY
    assert publisher.publish(epoch, readings()).outcome is Outcome.THERE_ALREADY


def test_two_runs_at_once_publish_once(office: Office, epoch: int) -> None:
    """R8 of two drafts of the same readings the published one counts, whichever stands in the book first."""
    office.publisher().publish(epoch, readings())
    for order in (readings(), readings()[::-1], readings()[2:] + readings()[:2]):
        office.ledger.add_draft(1, epoch, Draft(order, KEYS, BUNDLE_SECRET))
    before = office.web3.eth.block_number
    assert office.publisher().publish(epoch, readings()).outcome is Outcome.THERE_ALREADY
    assert office.web3.eth.block_number == before


def test_a_correction_replaces_what_was_published(office: Office, epoch: int) -> None:
    """R9 within the window owners get the corrected reading, in a tree of another order; after it there is no more."""
    publisher = office.publisher()
    with pytest.raises(UserError, match="is not published yet: there is nothing to correct"):
        publisher.correct(epoch, readings())
    publisher.publish(epoch, readings())
    corrected = publisher.correct(epoch, readings(more=3))
    assert corrected.outcome is Outcome.CORRECTED
    assert publisher.correct(epoch, readings(more=3)).outcome is Outcome.THERE_ALREADY
    delivery = Delivery(office.web3, office.manifest, office.folder / BUNDLES)
    assert delivery.reading(own(2), epoch)[0].exported == 203
    office.pass_time(RULES.correction_window)
    assert publisher.correct(epoch, readings(more=3)).outcome is Outcome.THERE_ALREADY
    with pytest.raises(UserError, match="can't be corrected any more"):
        publisher.correct(epoch, readings(more=4))


def test_what_cant_be_published_is_named(office: Office, epoch: int) -> None:
    """P9 too early, by another account, above a meter's capacity, of an unknown meter: one line, and no draft."""
    with pytest.raises(UserError, match=r"epoch \d+ is not over: its readings can be published in \d+ s"):
        office.publisher().publish(epoch + 1, readings())
    first = office.manifest.contract(office.web3, "registry").functions.firstEpochOf(1).call()
    with pytest.raises(UserError, match=rf"epoch {first - 1} was before microgrid 1 began, in epoch {first}"):
        office.publisher().publish(first - 1, readings())
    stranger = development_sender(office.web3, 5)
    with pytest.raises(UserError, match=f"is run by {office.sender.address}, not by {stranger.address}"):
        office.publisher(stranger).publish(epoch, readings())
    with pytest.raises(UserError, match="read 8001 Wh, and is registered with 8000"):
        office.publisher().publish(epoch, [Reading(CARDS[0].commitment, CAPACITY + 1, 0)])
    with pytest.raises(UserError, match="is not registered here"):
        office.publisher().publish(epoch, [Reading(12345, 1, 0)])
    assert office.ledger.drafts(1, epoch) == []


def test_what_an_owner_cant_use_is_named(office: Office, epoch: int, tmp_path: Path) -> None:
    """P9 nothing published, no bundle, another bundle, no part for the meter: one line each."""
    delivery = Delivery(office.web3, office.manifest, tmp_path)
    with pytest.raises(UserError, match="are not published yet"):
        delivery.reading(own(0), epoch)
    published = office.publisher().publish(epoch, readings(2))
    with pytest.raises(UserError, match="can't be read in"):
        delivery.reading(own(0), epoch)
    (tmp_path / f"{published.data_hash.hex()}.bin").write_bytes(b"something else")
    with pytest.raises(UserError, match="is not the one that was published"):
        delivery.reading(own(0), epoch)
    with pytest.raises(UserError, match="has no reading of this meter"):
        Delivery(office.web3, office.manifest, office.folder / BUNDLES).reading(own(4), epoch)
    with pytest.raises(UserError, match="can't be fetched"):
        Delivery(office.web3, office.manifest, "http://127.0.0.1:1/bundles").reading(own(0), epoch)


def test_a_failed_transaction_is_told(office: Office, epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9 what the chain refuses is an error, and the bundle is there for the next run."""

    def refuse(*_: object) -> None:
        raise TransactionError("the contract refused")

    with monkeypatch.context() as patched:
        patched.setattr(office.sender, "transact", refuse)
        with pytest.raises(TransactionError):
            office.publisher().publish(epoch, readings())
    assert office.publisher().publish(epoch, readings()).outcome is Outcome.PUBLISHED
    assert publication.BUNDLES in {path.name for path in office.folder.iterdir()}


@pytest.fixture
def command(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs `openmg operator ...` on the office's chain, with a book of its own; returns what it answers."""
    monkeypatch.setattr(settings, "deployments", office.folder.parent)
    monkeypatch.setattr(settings, "metering", tmp_path / "metering")
    url = str(office.web3.provider.endpoint_uri)  # type: ignore[attr-defined]

    def run(*words: str) -> Any:
        done = CliRunner().invoke(operator, [*words, "--rpc", url, "--json"])
        return json.loads(done.stdout) if done.exit_code == 0 else done.output

    return run


def test_the_operator_s_commands(office: Office, epoch: int, command: Callable[..., Any], tmp_path: Path) -> None:
    """R8 register, publish, correct and show, each of them twice without harm; owners can read what came of it."""
    card = MeterCard.of(3000)
    for new in (True, False):
        answer = command("register", "mg1", str(card), "--capacity", "5000")
        assert answer == {"microgrid": "MG1", "commitment": hex(card.commitment), "capacity": 5000, "new": new}
    file = tmp_path / "readings.csv"
    file.write_text(f"commitment,exported,imported\n{card.commitment:#x},1200,30\n")
    outcomes = []
    for what, exported in (("publish", 1200), ("publish", 1200), ("correct", 1300), ("correct", 1300)):
        file.write_text(f"commitment,exported,imported\n{card.commitment:#x},{exported},30\n")
        done = command(what, "MG1", str(epoch), str(file))
        outcomes.append((done["outcome"], done["exported"], done["imported"]))
    assert outcomes == [
        ("published", 1200, 30),
        ("there already", 1200, 30),
        ("corrected", 1300, 30),
        ("there already", 1300, 30),
    ]
    meter = OwnMeter(3000, card.commitment, 1, 5000, TreePath(0, [], 0))
    assert Delivery(office.web3, office.manifest, Path(done["bundle"]).parent).reading(meter, epoch)[0].exported == 1300
    (shown,) = command("status", "MG1")["meters"]
    assert shown == {"commitment": hex(card.commitment), "capacity": 5000, "registered": True}


def test_a_meter_source_of_another_package(
    epoch: int, command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J1 J2 P9 the command takes readings from it by its name, tells which meters it has none of, and says in one line
    what is wrong with it."""
    cards = [MeterCard.of(secret) for secret in (3100, 3101)]
    for card in cards:
        command("register", "MG2", str(card), "--capacity", "5000")
    source = f"""
        from offchain.metering.readings_tree import Reading

        def desk(place, epoch):
            assert (place, epoch.microgrid, epoch.number) == ("their desk", "MG2", {epoch}), place
            return [Reading({cards[0].commitment}, 700, 0)]
    """
    added_package(tmp_path, monkeypatch, "published_desk", source, {"openmg.readings": {"desk": "desk"}})
    done = command("publish", "mg2", str(epoch), "their desk", "--format", "desk")
    assert (done["outcome"], done["exported"], done["missing"]) == ("published", 700, [hex(cards[1].commitment)])
    failed = command("correct", "MG2", str(epoch), "elsewhere", "--format", "desk")
    assert failed == f"Error: the readings of epoch {epoch} can't be had: AssertionError: elsewhere\n"
    unknown = command("correct", "MG2", str(epoch), "their desk", "--format", "xml")
    assert unknown == "Error: there is no meter source xml: there are csv, desk, history\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "needs the columns commitment, exported, imported"),
        ("commitment,exported\n", "needs the columns"),
        ("commitment,exported,imported\n0x5,1,2\n0x6,1.5,2\n", "row 3 is no reading"),
        ("commitment,exported,imported\nzz,1,2\n", "row 2 is no reading"),
        ("commitment,exported,imported\n0x5,1\n", "row 2 is no reading"),
        ("commitment,exported,imported\n0x5,-1,2\n", "-1 Wh exported is not between"),
        ("commitment,exported,imported\n0x5,1,2\n", "is not registered here"),
    ],
)
def test_files_of_readings_that_are_none(
    epoch: int, command: Callable[..., Any], tmp_path: Path, content: str, message: str
) -> None:
    """P9 a file that can't be used is named with its row, in one line."""
    file = tmp_path / "readings.csv"
    file.write_text(content)
    output = command("publish", "MG1", str(epoch), str(file))
    assert message in output
    assert output.count("Error") == output.count("\n") == 1
