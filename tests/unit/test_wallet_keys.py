"""Seeds, the keys that come from them, and what never shows."""

from __future__ import annotations

import logging
import pickle
import traceback

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.errors import UserError
from offchain.wallet.bech32m import TextError
from offchain.wallet.keys import Keys, Seed, SeedError, ViewingKey
from offchain.wallet.note import ETH, Note
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon

WORDS = "abandon " * 11 + "about"
LONG_WORDS = "abandon " * 23 + "art"


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Seed.from_words(WORDS).keys()


def test_derivations_stay_what_they_are(keys: Keys) -> None:
    """Another derivation would lose every wallet; these values were computed once and must never change."""
    assert keys.spending_key == 0x10412FBB7A51058003C7E19AA2365AA1476610A129269F12123A18485694CC70
    assert keys.viewing.public_key == poseidon([1, keys.spending_key])
    assert keys.viewing.nullifier_key == poseidon([2, keys.spending_key])
    assert keys.viewing.decryption_key.hex() == "30dd3afef3af23b0bcaad6feb76fbe092dd7accbe7bfa97f5d4960522c191c19"
    assert keys.meter_secret(0) == 0x208D28E9D0D559FFA8B8CE215D758EA9A205C0C8D04FEC67C828C775BE6AD5E3
    assert keys.meter_secret(1) == 0x1EF016ED2D2807DA65437A7563C53008522604EA5EA954CA98441DAA968A7D77
    assert keys.meter_commitment(1) == poseidon([3, keys.meter_secret(1)])


def test_the_account_is_the_one_other_wallets_derive(keys: Keys) -> None:
    """BIP-44: the same words in any Ethereum wallet give the same account."""
    Account.enable_unaudited_hdwallet_features()
    assert keys.account.address == Account.from_mnemonic(WORDS).address
    assert keys.account.address == "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"


@given(st.binary(min_size=16, max_size=16) | st.binary(min_size=32, max_size=32))
@settings(max_examples=30, deadline=None)
def test_words_and_keys_follow_from_the_seed(entropy: bytes) -> None:
    seed = Seed(entropy)
    assert Seed.from_words(seed.words) == seed
    assert Account.from_mnemonic(seed.words).address  # other software takes the words
    first, second = seed.keys(), Seed.from_words(seed.words.upper()).keys()
    assert first.spending_key == second.spending_key < MODULUS
    assert first.viewing == second.viewing
    secrets = {first.spending_key, first.viewing.nullifier_key, *(first.meter_secret(number) for number in range(5))}
    assert len(secrets) == 7


def test_new_seeds_differ() -> None:
    assert Seed.new() != Seed.new()
    assert len(Seed.new().words.split()) == 24
    assert len(Seed.new(12).words.split()) == 12


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (WORDS.replace("about", "abuot"), "word 12, 'abuot', is not in the English BIP-39 list"),
        ("abandon " * 12, "checksum"),
        (LONG_WORDS.replace("art", "abandon"), "checksum"),
        ("abandon " * 11, "12 or 24 words, not 11"),
        ("", "not 0"),
    ],
)
def test_wrong_words_are_named(words: str, why: str) -> None:
    """P9: one line that says which word, or that the checksum is wrong."""
    with pytest.raises(SeedError) as refused:
        Seed.from_words(words)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_words_may_stand_on_several_lines_and_in_capitals() -> None:
    assert Seed.from_words(f"  {WORDS.title()}\n").words == WORDS
    assert Seed.from_words(LONG_WORDS.replace(" ", "\n")).words == LONG_WORDS


def test_secrets_never_show(keys: Keys, caplog: pytest.LogCaptureFixture) -> None:
    """P3: not in repr, text, logs or tracebacks of what holds them."""
    seed = Seed.from_words(WORDS)
    note = Note(ETH, 5, 123456789123456789, keys.viewing.public_key)
    caplog.set_level(logging.DEBUG)
    shown = []
    for thing in (seed, keys, keys.viewing, note, keys.viewing.own(note, 3)):
        logging.getLogger("wallet").info("%s %r", thing, thing)
        shown += [repr(thing), str(thing), f"{thing}"]
        try:
            raise UserError(thing)
        except UserError:
            shown.append(traceback.format_exc())
    text = " ".join([*shown, caplog.text])
    secrets: list[int | bytes] = [
        seed.entropy,
        keys.spending_key,
        keys.viewing.nullifier_key,
        keys.viewing.decryption_key,
        keys.meter_secret(0),
        note.blinding,
        bytes(keys.account.key),
    ]
    for secret in secrets:
        number = secret if isinstance(secret, int) else int.from_bytes(secret, "big")
        data = secret if isinstance(secret, bytes) else secret.to_bytes(32, "big")
        assert not any(form in text for form in (str(number), f"{number:x}", repr(data)) if len(form) > 4)
    assert "about" not in text


def test_a_viewing_key_reads_and_can_t_spend(keys: Keys) -> None:
    """Its text gives the public key, the nullifier key and the decryption key, and nothing of the spending key."""
    viewing = ViewingKey.parse(keys.viewing.export())
    assert viewing == keys.viewing
    assert viewing.address == keys.address
    assert not hasattr(viewing, "spending_key")
    assert keys.spending_key.to_bytes(32, "big") not in pickle.dumps(viewing)
    note = Note(ETH, 7, 8, viewing.public_key)
    assert viewing.own(note, 9).nullifier == poseidon([viewing.nullifier_key, note.commitment, 9])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda text: text[:-1], "checksum"),
        (lambda text: text[:20] + ("q" if text[20] != "q" else "p") + text[21:], "checksum"),
        (lambda text: "openmg1" + text[11:], "starts with 'openmg', not 'openmgview'"),
        (lambda text: text[:15] + "b" + text[16:], "character 16"),
    ],
)
def test_a_damaged_viewing_key_is_refused(keys: Keys, spoil: object, why: str) -> None:
    """P9: with what is wrong."""
    assert callable(spoil)
    with pytest.raises(TextError, match=why):
        ViewingKey.parse(spoil(keys.viewing.export()))
