"""A file that one reader alone opens: JSON in a sealed box (X25519, XSalsa20-Poly1305) to the key of its address."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from offchain.errors import UserError
from offchain.wallet.address import Address
from offchain.wallet.keys import ViewingKey

LARGEST_FILE = 16 * 2**20


@dataclass(frozen=True)
class SealedFile:
    """A kind of such files: the name of its version's field, the version, what errors call it, and their kind."""

    mark: str
    version: int
    what: str
    error: type[UserError]

    def seal(self, auditor: Address, content: Mapping[str, Any]) -> str:
        """One line of JSON that holds nothing readable but the auditor's address."""
        box = SealedBox(PublicKey(auditor.encryption_key)).encrypt(json.dumps(content).encode())
        return json.dumps({self.mark: self.version, "auditor": str(auditor), "box": b64encode(box).decode()})

    def open(self, text: str, key: ViewingKey) -> dict[str, Any]:
        """What a file holds for the owner of `key`. Raises an error if it is none, damaged, or for somebody else."""
        outer = self._parsed(text)
        if outer.get(self.mark) != self.version:
            raise self.error(f"this is no {self.what} of version {self.version}")
        if outer.get("auditor") != str(key.address):
            raise self.error(f"this {self.what} is for {outer.get('auditor')}, not for this wallet")
        try:
            box = b64decode(outer["box"], validate=True)
            return self._parsed(SealedBox(PrivateKey(key.decryption_key)).decrypt(box))
        except (KeyError, TypeError, ValueError, CryptoError) as error:
            raise self.damaged(error) from error

    def damaged(self, error: Exception) -> UserError:
        """What is said of a file whose content can't be read."""
        return self.error(f"the {self.what} is damaged ({type(error).__name__}): ask for it again")

    def _parsed(self, text: str | bytes) -> dict[str, Any]:
        try:
            content = json.loads(text) if len(text) <= LARGEST_FILE else None
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise self.error(f"this is no {self.what}")
        return content
