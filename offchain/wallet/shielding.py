"""Bringing public assets into the pool: the one operation that needs no proof, by an account that the chain sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import Web3
from web3.exceptions import Web3Exception

from offchain.errors import UserError
from offchain.wallet.address import Address
from offchain.wallet.ciphertext import seal
from offchain.wallet.note import AMOUNT_LIMIT, ETH, new_blinding
from offchain.zk.poseidon import poseidon

SHIELD = ["address", "uint256", "uint256", "bytes"]
PERMIT = [*SHIELD, "uint256", "uint8", "bytes32", "bytes32"]


class ShieldError(UserError):
    """Says in one line why an asset can't be shielded."""


@dataclass(frozen=True)
class Shielding:
    """A call of the pool that makes a note for an address."""

    asset: str
    amount: int
    npk: int
    ciphertext: bytes = field(repr=False)

    @classmethod
    def to(cls, address: Address, asset: str, amount: int) -> Shielding:
        """A new note for an address. Raises ShieldError for an amount that no note can have."""
        if not 0 < amount < AMOUNT_LIMIT:
            raise ShieldError("the amount must be more than 0 and below 2^128 base units")
        blinding = new_blinding()
        ciphertext = seal([(address.encryption_key, blinding)])
        return cls(asset, amount, poseidon([address.public_key, blinding]), ciphertext)

    def transaction(self, pool: str) -> dict[str, Any]:
        """`to`, `data` and `value`. For a token the pool must be allowed to take it."""
        data = _calldata("shield", SHIELD, [self.asset, self.amount, self.npk, self.ciphertext])
        return {"to": pool, "data": data, "value": self.amount if self.asset == ETH else 0}

    def transaction_with_permit(self, pool: str, deadline: int, signature: tuple[int, int, int]) -> dict[str, Any]:
        """As `transaction`, with an EIP-2612 signature (v, r, s) in place of an approval."""
        v, r, s = signature
        values = [self.asset, self.amount, self.npk, self.ciphertext, deadline, v, *(_word(part) for part in (r, s))]
        return {"to": pool, "data": _calldata("shieldWithPermit", PERMIT, values), "value": 0}


def approval(asset: str, pool: str, amount: int) -> dict[str, Any]:
    """The token's `approve`."""
    return {"to": asset, "data": _calldata("approve", ["address", "uint256"], [pool, amount])}


def sign_permit(
    web3: Web3, account: LocalAccount, token: str, spender: str, amount: int, deadline: int
) -> tuple[int, int, int] | None:
    """An EIP-2612 permit (v, r, s), None if the token doesn't offer any. Source: EIP-2612, EIP-5267."""
    abi = [
        _view("nonces", ["address"], ["uint256"]),
        _view("eip712Domain", [], ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"]),
    ]
    functions = web3.eth.contract(address=Web3.to_checksum_address(token), abi=abi).functions
    try:
        nonce = functions.nonces(account.address).call()
        _, name, version, chain_id, verifier, _, _ = functions.eip712Domain().call()
    except Web3Exception:
        return None
    domain = {"name": name, "version": version, "chainId": chain_id, "verifyingContract": verifier}
    names = ("owner", "spender", "value", "nonce", "deadline")
    kinds = ("address", "address", "uint256", "uint256", "uint256")
    message = dict(zip(names, (account.address, spender, amount, nonce, deadline), strict=True))
    types = {"Permit": [{"name": name, "type": kind} for name, kind in zip(names, kinds, strict=True)]}
    signed = account.sign_message(encode_typed_data(domain, types, message))
    return signed.v, signed.r, signed.s


def _view(name: str, inputs: list[str], outputs: list[str]) -> dict[str, Any]:
    sides = {"inputs": inputs, "outputs": outputs}
    arguments = {side: [{"name": "", "type": kind} for kind in kinds] for side, kinds in sides.items()}
    return {"type": "function", "name": name, "stateMutability": "view", **arguments}


def _calldata(name: str, kinds: list[str], values: list[Any]) -> str:
    return "0x" + (keccak(text=f"{name}({','.join(kinds)})")[:4] + encode(kinds, values)).hex()


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")
