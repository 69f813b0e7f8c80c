"""Requests: the calldata the contracts take, the context that binds it, and what strangers send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_abi.abi import decode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.artifacts import load
from offchain.wallet.ciphertext import Content, seal
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH, Note
from offchain.wallet.relay import RelayError, fee_note
from offchain.wallet.request import (
    ANYONE,
    SIGNALS,
    Details,
    Operation,
    Request,
    RequestError,
    SwapOrder,
    Terms,
    context_hash,
)
from offchain.zk.field import MODULUS
from offchain.zk.proof import Proof

POOL = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def request(operation: Operation, ciphertexts: bytes = b"abc", first_signal: int = 1) -> Request:
    details: dict[Operation, Details] = {Operation.UNSHIELD: ACCOUNT, Operation.SWAP: SwapOrder(ETH, 5, 6)}
    signals = tuple(range(first_signal, first_signal + SIGNALS[operation]))
    terms = Terms(ACCOUNT, 1234, ciphertexts)
    proof = Proof.from_numbers(range(1, 9))
    return Request(operation, 31337, POOL, proof, signals, terms, details.get(operation))


@pytest.mark.parametrize("operation", Operation)
def test_calldata_is_what_the_contract_takes(operation: Operation) -> None:
    """Selector and values as the compiled interface has them."""
    interface = "IMeterRegistry" if operation in (Operation.ISSUE, Operation.SETTLE) else "IZkERC20"
    (entry,) = [entry for entry in load(interface).abi if entry.get("name") == operation.function]
    kinds = [_kind(argument) for argument in entry["inputs"]]
    sent = request(operation)
    assert sent.calldata[:4] == keccak(text=f"{operation.function}({','.join(kinds)})")[:4]
    proof, signals, terms, *details = decode(kinds, sent.calldata[4:])
    assert proof == ((1, 2), ((3, 4), (5, 6)), (7, 8))
    assert signals == sent.signals
    assert terms == (ACCOUNT.lower(), 1234, b"abc")
    expected: dict[Operation, list[Any]] = {
        Operation.UNSHIELD: [ACCOUNT.lower()],
        Operation.SWAP: [(ETH.lower(), 5, 6)],
    }
    assert details == expected.get(operation, [])


def _kind(argument: dict[str, Any]) -> str:
    if not argument["type"].startswith("tuple"):
        return str(argument["type"])
    return f"({','.join(_kind(part) for part in argument['components'])}){argument['type'][5:]}"


@pytest.mark.parametrize("operation", Operation)
def test_a_request_survives_its_json(operation: Operation) -> None:
    sent = request(operation)
    assert Request.from_json(sent.to_json()) == sent
    assert "\n" not in sent.to_json()


def test_nullifiers_and_commitments_are_read_from_the_signals() -> None:
    """In the order of the circuits' table."""
    shown = {operation: (request(operation).nullifiers, request(operation).commitments) for operation in Operation}
    assert shown[Operation.TRANSFER] == shown[Operation.UNSHIELD] == shown[Operation.SWAP] == ((1, 2), (3, 4, 5))
    assert shown[Operation.CONSOLIDATE] == ((1, 2, 3, 4), (5, 6))
    assert shown[Operation.ISSUE] == ((), (3, 4))
    assert shown[Operation.SETTLE] == ((1, 2), (3, 4))


def test_the_context_binds_everything() -> None:
    """P3: another chain, contract, operation, relayer, deadline, ciphertext or detail is another context."""
    terms = Terms(ACCOUNT, 1234, b"abc")
    variants = {
        context_hash(31337, POOL, Operation.TRANSFER, terms),
        context_hash(950327, POOL, Operation.TRANSFER, terms),
        context_hash(31337, ACCOUNT, Operation.TRANSFER, terms),
        context_hash(31337, POOL, Operation.CONSOLIDATE, terms),
        context_hash(31337, POOL, Operation.TRANSFER, Terms(ANYONE, 1234, b"abc")),
        context_hash(31337, POOL, Operation.TRANSFER, Terms(ACCOUNT, 1235, b"abc")),
        context_hash(31337, POOL, Operation.TRANSFER, Terms(ACCOUNT, 1234, b"abd")),
        context_hash(31337, POOL, Operation.UNSHIELD, terms, ACCOUNT),
        context_hash(31337, POOL, Operation.UNSHIELD, terms, POOL),
        *(context_hash(31337, POOL, Operation.SWAP, terms, SwapOrder(*order)) for order in [(ETH, 1, 2), (ETH, 2, 1)]),
        context_hash(31337, POOL, Operation.SWAP, terms, SwapOrder(ACCOUNT, 1, 2)),
    }
    assert len(variants) == 12
    assert all(0 <= variant < MODULUS for variant in variants)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80) | st.just("0x" + "f" * 64),
    lambda inner: st.lists(inner, max_size=14) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.sampled_from(Operation), st.data())
@settings(max_examples=300, deadline=None)
def test_what_a_stranger_sends_is_a_request_or_refused(operation: Operation, data: st.DataObject) -> None:
    """P9: any field replaced or left out."""
    content = json.loads(request(operation).to_json())
    name = data.draw(st.sampled_from(sorted(content)))
    if data.draw(st.booleans()):
        del content[name]
    else:
        content[name] = data.draw(JSON)
    try:
        found = Request.from_json(json.dumps(content))
    except RequestError as error:
        refusal = str(error)
        found = None
    if found is None:
        assert len(refusal.splitlines()) == 1
    else:
        assert found.calldata  # whatever is accepted can be encoded


@given(st.binary() | st.text())
def test_no_json_at_all_is_refused(text: str | bytes) -> None:
    """P9: one line."""
    with pytest.raises(RequestError):
        Request.from_json(text)


def test_a_relayer_finds_its_note_or_refuses() -> None:
    """P9: a request that doesn't pay it, or pays by a note that isn't the proof's."""
    relayer, other = Seed(bytes(16)).keys(), Seed(bytes(range(16))).keys()
    note = Note(ETH, 5, 7, relayer.viewing.public_key)
    contents: list[Content] = [(other.address.encryption_key, 1), (relayer.address.encryption_key, note)]
    good = request(Operation.TRANSFER, seal(contents), note.commitment - 4)
    assert good.commitments[-1] == note.commitment
    assert fee_note(good, relayer.viewing) == note
    for bad in (
        request(Operation.TRANSFER, seal(contents), 1),
        request(Operation.TRANSFER, seal(contents[::-1]), note.commitment - 4),
        request(Operation.TRANSFER, b"", note.commitment - 4),
    ):
        with pytest.raises(RelayError, match="no note that pays"):
            fee_note(bad, relayer.viewing)
    with pytest.raises(RelayError):
        fee_note(good, other.viewing)
