"""All keys of a wallet, from the words of one seed.

Words are BIP-39 (English, 12 or 24); the seed is that of BIP-39 without passphrase. Each secret is
`HMAC-SHA512(seed, label)` with a label of its own, so none tells another; field elements are that number modulo the
field's order (512 bits: no bias worth naming). Source: BIP-39, BIP-44, RFC 2104.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from nacl.bindings import crypto_scalarmult_base

from offchain.errors import UserError
from offchain.wallet import bech32m
from offchain.wallet.address import Address
from offchain.wallet.note import Note, OwnedNote
from offchain.zk.circuits import PARAMETERS
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

TAGS = PARAMETERS.tags
ACCOUNT_PATH = "m/44'/60'/0'/0/0"
WORDS = {12: 16, 24: 32}
"""How many words stand for how many bytes."""

VIEWING_PREFIX = "openmgview"
VIEWING_LENGTH = 96


class SeedError(UserError):
    """Says in one line why words are no seed."""


@dataclass(frozen=True)
class Seed:
    """The 16 or 32 random bytes that everything comes from."""

    entropy: bytes = field(repr=False)

    @classmethod
    def new(cls, words: int = 24) -> Seed:
        """A new random seed of 12 or 24 words."""
        return cls(secrets.token_bytes(WORDS[words]))

    @classmethod
    def from_words(cls, words: str) -> Seed:
        """The seed of BIP-39 words. Raises SeedError: a wrong number, a word that isn't in the list, the checksum."""
        listed = words.lower().split()
        if len(listed) not in WORDS:
            raise SeedError(f"a seed has 12 or 24 words, not {len(listed)}")
        known = {word: place for place, word in enumerate(_word_list())}
        bits = 0
        for place, word in enumerate(listed, start=1):
            if word not in known:
                raise SeedError(f"word {place}, {word!r}, is not in the English BIP-39 list")
            bits = bits << 11 | known[word]
        length = WORDS[len(listed)]
        check = length // 4
        entropy = (bits >> check).to_bytes(length, "big")
        if bits & (1 << check) - 1 != _checksum(entropy):
            raise SeedError("the words' checksum is wrong: one of them is wrong, or their order")
        return cls(entropy)

    @property
    def words(self) -> str:
        """The words to write down."""
        check = len(self.entropy) // 4
        bits = int.from_bytes(self.entropy, "big") << check | _checksum(self.entropy)
        count = next(count for count, length in WORDS.items() if length == len(self.entropy))
        listed = _word_list()
        return " ".join(listed[bits >> 11 * (count - 1 - place) & 0x7FF] for place in range(count))

    def keys(self) -> Keys:
        """All keys."""
        from eth_account.hdaccount.mnemonic import Mnemonic

        return Keys(Mnemonic.to_seed(self.words))


@dataclass(frozen=True)
class ViewingKey:
    """Reads a wallet's whole history and can't spend: the public key, what makes nullifiers, and the X25519 key that
    opens ciphertexts."""

    public_key: int
    nullifier_key: int = field(repr=False)
    decryption_key: bytes = field(repr=False)

    @cached_property
    def address(self) -> Address:
        """What others pay to."""
        return Address(self.public_key, crypto_scalarmult_base(self.decryption_key))

    def own(self, note: Note, position: int) -> OwnedNote:
        """A note of this wallet at its position."""
        return OwnedNote(note, position, note.nullifier(self.nullifier_key, position))

    def export(self) -> str:
        """The key as text: whoever has it sees everything this wallet does."""
        numbers = (self.public_key, self.nullifier_key)
        return bech32m.encode(
            VIEWING_PREFIX, b"".join(number.to_bytes(32, "big") for number in numbers) + self.decryption_key
        )

    @classmethod
    def parse(cls, text: str) -> ViewingKey:
        """The key of a text. Raises TextError."""
        data = bech32m.decode(text, VIEWING_PREFIX, VIEWING_LENGTH, "viewing key")
        public_key, nullifier_key = (int.from_bytes(data[at : at + 32], "big") for at in (0, 32))
        if max(public_key, nullifier_key) >= MODULUS:
            raise bech32m.TextError("the viewing key holds a number that is no key")
        return cls(public_key, nullifier_key, data[64:])


@dataclass(frozen=True)
class Keys:
    """The secrets of a wallet, made from the seed when they are asked for."""

    _seed: bytes = field(repr=False)

    @cached_property
    def spending_key(self) -> int:
        """Spends every note."""
        return self._field_element("spending key")

    @cached_property
    def viewing(self) -> ViewingKey:
        """Reads everything."""
        public_key = poseidon([TAGS.spending_key, self.spending_key])
        nullifier_key = poseidon([TAGS.nullifier_key, self.spending_key])
        return ViewingKey(public_key, nullifier_key, self._derived("viewing key")[:32])

    @property
    def address(self) -> Address:
        """What others pay to."""
        return self.viewing.address

    def meter_secret(self, index: int) -> int:
        """The secret of this wallet's meter number `index`, from 0."""
        return self._field_element(f"meter {index}")

    def meter_commitment(self, index: int) -> int:
        """What the operator registers of that meter, `Poseidon(3, secret)`."""
        return poseidon([TAGS.meter, self.meter_secret(index)])

    def one_time(self, number: int) -> Keys:
        """The keys of a wallet of its own, from the same words: an address that nobody can link to this one."""
        return Keys(self._derived(f"one-time {number}"))

    def secret(self, purpose: str) -> bytes:
        """32 bytes for one purpose, which tell nothing of others: a signing key's seed, a salt."""
        return self._derived(f"secret {purpose}")[:32]

    @cached_property
    def account(self) -> LocalAccount:
        """The Ethereum account of this wallet's public actions, at the usual BIP-44 path of the same words."""
        from eth_account import Account
        from eth_account.hdaccount import key_from_seed

        account: LocalAccount = Account.from_key(key_from_seed(self._seed, ACCOUNT_PATH))
        return account

    def _derived(self, label: str) -> bytes:
        return hmac.digest(self._seed, f"openmg 1 {label}".encode(), "sha512")

    def _field_element(self, label: str) -> int:
        return int.from_bytes(self._derived(label), "big") % MODULUS


def _checksum(entropy: bytes) -> int:
    return int.from_bytes(sha256(entropy).digest(), "big") >> 256 - len(entropy) // 4


def _word_list() -> list[str]:
    from eth_account.hdaccount.mnemonic import Mnemonic
    from eth_account.types import Language

    listed: list[str] = Mnemonic(Language.ENGLISH).wordlist
    return listed
