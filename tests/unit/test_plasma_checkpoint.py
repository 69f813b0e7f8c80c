"""Checkpoints, their hashes and signatures."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_keys.constants import SECPK1_N
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.artifacts import load
from offchain.plasma.checkpoint import Checkpoint, Domain, SignedCheckpoint, Submission
from offchain.plasma.records import RecordError
from offchain.signature import SignatureError, join, sign, signer_of, split
from tests.unit.plasma import ADDRESS, CHECKPOINTS, HASH, UINT

QUICKLY = settings(max_examples=40, deadline=None)
AUTHORITIES = [Account.from_key(bytes([1 + index]) * 32) for index in range(4)]
DOMAIN = Domain(31337, "0x00000000000000000000000000000000DeaDBeef")
ROOT = keccak(b"root")
CHECKPOINT = Checkpoint(1, bytes(32), 1, 9, ROOT, ROOT, 2, 3, ROOT, ROOT, 1)


def components(name: str, function: str, contract: str = "PlasmaRoot") -> list[dict[str, Any]]:
    """The fields of a struct, as the compiler names them in the ABI."""
    entry = next(entry for entry in load(contract).abi if entry.get("name") == function)
    found: list[dict[str, Any]] = next(part for part in entry["inputs"] if part["name"] == name)["components"]
    return found


def test_the_structs_are_the_contracts() -> None:
    """Names, order and types, as compiled."""
    checkpoint = components("checkpoint", "submitCheckpoint")
    assert list(CHECKPOINT.to_json()) == [part["name"] for part in checkpoint]
    assert Checkpoint.abi_type() == f"({','.join(part['type'] for part in checkpoint)})"
    submission = components("submission", "finalise")
    assert list(Submission(CHECKPOINT, 1, 1).to_json()) == [part["name"] for part in submission]
    assert [part["type"] for part in submission] == ["tuple", "uint256", "uint256"]


@given(CHECKPOINTS, UINT, ADDRESS)
@QUICKLY
def test_digests_are_those_of_eip_712(checkpoint: Checkpoint, chain_id: int, contract: str) -> None:
    """As eth_account makes them from the description of the types."""
    domain = Domain(chain_id, contract)
    typed = domain.typed_data(checkpoint)
    typed["message"] = {
        part["name"]: value for part, value in zip(typed["types"]["Checkpoint"], checkpoint.abi(), strict=True)
    }
    assert domain.checkpoint_digest(checkpoint) == _hash_eip191_message(encode_typed_data(full_message=typed))


@given(UINT, UINT)
@QUICKLY
def test_freeze_digests_are_those_of_eip_712(set_id: int, until: int) -> None:
    message = encode_typed_data(
        {"name": "PlasmaRoot", "version": "1", "chainId": DOMAIN.chain_id, "verifyingContract": DOMAIN.contract},
        {"Freeze": [{"name": "setId", "type": "uint256"}, {"name": "frozenUntil", "type": "uint256"}]},
        {"setId": set_id, "frozenUntil": until},
    )
    assert DOMAIN.freeze_digest(set_id, until) == _hash_eip191_message(message)


@given(CHECKPOINTS, UINT, UINT)
@QUICKLY
def test_a_submissions_hash_is_of_its_three_words(checkpoint: Checkpoint, time: int, signers: int) -> None:
    words = encode(["bytes32", "uint256", "uint256"], [checkpoint.hash, time, signers])
    assert Submission(checkpoint, time, signers).hash == keccak(words)


@given(CHECKPOINTS, UINT, UINT)
@QUICKLY
def test_records_survive_json_and_the_abi(checkpoint: Checkpoint, time: int, signers: int) -> None:
    submission = Submission(checkpoint, time, signers)
    assert Submission.from_json(json.loads(json.dumps(submission.to_json()))) == submission
    assert Submission.from_abi(submission.abi()) == submission


@given(HASH, st.sampled_from(AUTHORITIES))
@QUICKLY
def test_who_signed_is_recovered(digest: bytes, authority: Any) -> None:
    signature = sign(digest, authority)
    assert len(signature) == 65
    assert signer_of(digest, signature) == authority.address
    assert signer_of(keccak(digest), signature) != authority.address


@given(HASH, st.permutations(AUTHORITIES))
@QUICKLY
def test_signatures_are_joined_by_ascending_signers(digest: bytes, authorities: list[Any]) -> None:
    joined = join(digest, [sign(digest, authority) for authority in authorities])
    signers = [signer_of(digest, signature) for signature in split(joined)]
    assert signers == sorted((authority.address for authority in authorities), key=lambda one: int(one, 16))


def test_nobody_signs_twice() -> None:
    """P6: even with a second signature of the same digest."""
    digest = keccak(b"digest")
    signature = sign(digest, AUTHORITIES[0])
    with pytest.raises(SignatureError, match=f"{AUTHORITIES[0].address} signed twice"):
        join(digest, [signature, signature])


def high_s(signature: bytes) -> bytes:
    """The other signature that the curve takes for the same."""
    s = SECPK1_N - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda signature: signature[:-1], "65 bytes, not 64"),
        (lambda signature: signature + b"\0", "65 bytes, not 66"),
        (lambda signature: signature[:64] + b"\0", "27 or 28, not 0"),
        (high_s, "upper half"),
        (lambda signature: bytes(64) + b"\x1b", "no signature of anybody"),
        (lambda signature: b"\xff" * 32 + signature[32:], "no signature of anybody"),
    ],
)
def test_what_the_contract_would_refuse_is_refused(change: Any, told: str) -> None:
    """P9."""
    digest = keccak(b"digest")
    with pytest.raises(SignatureError, match=told):
        signer_of(digest, change(sign(digest, AUTHORITIES[0])))


def test_joined_signatures_have_whole_lengths() -> None:
    with pytest.raises(SignatureError, match="64 bytes are not signatures of 65"):
        split(bytes(64))


def test_an_operators_file_is_read_again() -> None:
    digest = DOMAIN.checkpoint_digest(CHECKPOINT)
    signed = SignedCheckpoint(DOMAIN, CHECKPOINT, {})
    for authority in AUTHORITIES:
        signed = signed.with_signature(sign(digest, authority))
    again = SignedCheckpoint.from_json(json.loads(json.dumps(signed.to_json())))
    assert again == signed
    assert again.signatures.keys() == {authority.address for authority in AUTHORITIES}
    assert again.call() == (CHECKPOINT.abi(), join(digest, signed.signatures.values()))


def test_a_changed_file_has_other_signers() -> None:
    """A signature counts for what was signed alone."""
    digest = DOMAIN.checkpoint_digest(CHECKPOINT)
    signed = SignedCheckpoint(DOMAIN, CHECKPOINT, {}).with_signature(sign(digest, AUTHORITIES[0]))
    data = {**signed.to_json(), "checkpoint": replace(CHECKPOINT, end=10).to_json()}
    assert AUTHORITIES[0].address not in SignedCheckpoint.from_json(data).signatures


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"epoch": "-1"}, "epoch: '-1' is not an unsigned integer"),
        ({"epoch": str(1 << 256)}, "epoch: .* is not an unsigned integer of 256 bits"),
        ({"epoch": 1.0}, "epoch: '1.0' is not an unsigned integer"),
        ({"epoch": True}, "epoch: 'True' is not an unsigned integer"),
        ({"blocksRoot": "0x00"}, "blocksRoot: 1 bytes are not 32"),
        ({"blocksRoot": "00" * 32}, "blocksRoot: .* is not hexadecimal with 0x"),
        ({"blocksRoot": None}, "blocksRoot: None is not bytes"),
        ({"more": "1"}, "and no others"),
    ],
)
def test_a_file_that_is_none_is_refused(change: dict[str, Any], told: str) -> None:
    """P9: the field is named, in one line."""
    with pytest.raises(RecordError, match=told) as refused:
        Checkpoint.from_json({**CHECKPOINT.to_json(), **change})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("data", [None, [], {}, {"domain": 1}, {"domain": {}, "checkpoint": {}, "signatures": 1}])
def test_a_signed_checkpoint_that_is_none_is_refused(data: Any) -> None:
    """P9."""
    with pytest.raises(RecordError):
        SignedCheckpoint.from_json(data)


@pytest.mark.parametrize("change", [{"epoch": -1}, {"epoch": 1 << 256}, {"blocks_root": bytes(33)}])
def test_what_doesnt_fit_is_not_hashed(change: dict[str, Any]) -> None:
    """P9: in one line."""
    with pytest.raises(RecordError, match="doesn't fit its type") as refused:
        assert replace(CHECKPOINT, **change).hash
    assert "\n" not in str(refused.value)
