"""Signed messages: the same as wallets sign, refused as contracts refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.messages import Domain, Header, Message, Update
from offchain.signature import SignatureError

KEY = Account.from_key(b"\x11" * 32)
ADDRESS = bytes.fromhex(KEY.address[2:])
DOMAIN = Domain(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3")
UPDATE = Update(3, b"\x01" * 32)
HEADER = Header(
    4, b"\x01" * 32, 3, b"\x02" * 32, b"\x03" * 32, b"\x04" * 32, b"\x05" * 32, 1_700_000_000, 1 << 20, 1 << 19, True
)
MESSAGES = [UPDATE, HEADER, replace(HEADER, accepted=False)]


@pytest.mark.parametrize("message", MESSAGES)
def test_wallets_sign_the_same(message: Message) -> None:
    """eth-account's own encoding of the typed data has the same hashes and signature."""
    encoded = encode_typed_data(full_message=DOMAIN.typed_data(message))
    assert (encoded.header, encoded.body) == (DOMAIN.separator, message.hash)
    assert KEY.sign_message(encoded).signature == DOMAIN.sign(message, KEY)
    assert DOMAIN.signer(message, DOMAIN.sign(message, KEY)) == ADDRESS


@pytest.mark.parametrize("message", MESSAGES)
def test_a_signature_counts_in_one_place(message: Message) -> None:
    """P8 an update's signature is of its round, registry and chain alone."""
    signature = DOMAIN.sign(message, KEY)
    for elsewhere in (replace(DOMAIN, chain_id=1), replace(DOMAIN, contract="0x" + "11" * 20)):
        assert elsewhere.signer(message, signature) != ADDRESS
    assert DOMAIN.signer(replace(UPDATE, round=4), signature) != ADDRESS


def test_types_are_the_registrys() -> None:
    header = (
        "Header(uint256 number,bytes32 prevHash,uint256 round,bytes32 weightsRoot,bytes32 weightHash,"
        "bytes32 testsetHash,bytes32 participantHash,uint64 timestamp,uint32 lossBefore,uint32 lossAfter,bool accepted)"
    )
    assert Header.type_hash() == keccak(text=header)
    assert Update.type_hash() == keccak(text="Update(uint256 round,bytes32 updateRoot)")


def test_what_contracts_refuse_is_refused() -> None:
    """P9"""
    signature = DOMAIN.sign(UPDATE, KEY)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = (order - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    for broken, reason in (
        (signature[:64], "65 bytes, not 64"),
        (signature[:64] + b"\x00", "27 or 28, not 0"),
        (signature[:32] + high + bytes([55 - signature[64]]), "upper half"),
        (bytes(64) + b"\x1b", "no signature of anybody"),
    ):
        with pytest.raises(SignatureError, match=reason):
            DOMAIN.signer(UPDATE, broken)


def test_fields_that_are_no_words_are_refused() -> None:
    """P9"""
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        _ = replace(UPDATE, update_root=bytes(31)).hash
    with pytest.raises(ValueError, match="no uint256"):
        _ = replace(UPDATE, round=-1).hash
