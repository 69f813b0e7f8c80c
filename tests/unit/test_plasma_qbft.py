"""Blocks that QBFT's validators sealed: the hash is of the header without round and seals, and of nothing less."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import rlp
from eth_keys.datatypes import Signature
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.plasma.blocks import BlockError, BlockLeaf, block_tree, header_rlp
from offchain.plasma.qbft import MIX_HASH, ExtraData, ExtraDataError, hashed_extra_data
from offchain.plasma.records import to_hex
from tests.unit.besu_blocks import BESU_EXTRA_DATA, BLOCK_113, BLOCK_114
from tests.unit.plasma import CHAIN_ID, headers

QUICKLY = settings(max_examples=60, deadline=None)
ADDRESSES = st.binary(min_size=20, max_size=20)
VOTES = st.just(()) | st.tuples(ADDRESSES, st.sampled_from([b"", b"\xff"]))
EXTRA_DATA = st.builds(
    ExtraData,
    st.binary(min_size=32, max_size=32),
    st.lists(ADDRESSES, max_size=5).map(tuple),
    VOTES,
    st.integers(0, (1 << 31) - 1),
    st.lists(st.binary(min_size=65, max_size=65), max_size=4).map(tuple),
)


def extra_of(block: dict[str, Any]) -> ExtraData:
    return ExtraData.of(bytes.fromhex(block["extraData"][2:]))


def told(block: dict[str, Any], extra: ExtraData) -> dict[str, Any]:
    """The block with other extra data, and the hash that it had."""
    return {**block, "extraData": to_hex(extra.encoded())}


def sealed(block: dict[str, Any], extra: ExtraData) -> dict[str, Any]:
    """A block as validators seal it: its hash is worked out by hand, from the RLP of Besu's rule."""
    named = {**block, "mixHash": to_hex(MIX_HASH), "extraData": "0x"}
    fields = rlp.decode(header_rlp({**named, "number": "0x0"}))
    number = int(block["number"], 16)
    fields[8] = number.to_bytes((number.bit_length() + 7) // 8, "big")
    fields[12] = rlp.encode([extra.vanity, list(extra.validators), list(extra.vote), b"", []])
    return {**told(named, extra), "hash": to_hex(keccak(rlp.encode(fields)))}


def test_besus_blocks_are_what_their_hashes_say() -> None:
    """The vector of Besu itself: the next block's parent hash, and the seals, say what the hash is."""
    leaves = [BlockLeaf.of(BLOCK_113), BlockLeaf.of(BLOCK_114)]
    assert to_hex(leaves[0].block_hash) == BLOCK_114["parentHash"]
    assert block_tree(CHAIN_ID, leaves).root
    for block, leaf in zip((BLOCK_113, BLOCK_114), leaves, strict=True):
        extra = extra_of(block)
        assert extra.vanity.endswith(b"besu 26.4.0")
        signers = {Signature(one).recover_public_key_from_msg_hash(leaf.block_hash) for one in extra.seals}
        assert len(signers) == 3
        assert {one.to_canonical_address() for one in signers} <= set(extra.validators)
        assert BlockLeaf.of_header(header_rlp(block)) == leaf


def test_besus_extra_data_is_read_and_written() -> None:
    extra = ExtraData.of(BESU_EXTRA_DATA)
    first, second = (number.to_bytes(20, "big") for number in (1, 2))
    assert (extra.vanity, extra.validators) == (bytes(range(1, 33)), (first, second))
    assert (extra.vote, extra.round, len(extra.seals)) == ((first, b"\xff"), 0xFEDCBA, 2)
    assert extra.encoded() == BESU_EXTRA_DATA
    assert rlp.decode(extra.hashed().encoded()) == [extra.vanity, [first, second], [first, b"\xff"], b"", []]


@given(EXTRA_DATA)
@QUICKLY
def test_extra_data_is_read_as_written(extra: ExtraData) -> None:
    assert ExtraData.of(extra.encoded()) == extra
    hashed = ExtraData.of(extra.hashed().encoded())
    assert (hashed.vanity, hashed.validators, hashed.vote) == (extra.vanity, extra.validators, extra.vote)
    assert (hashed.round, hashed.seals) == (0, ())


@given(headers(), EXTRA_DATA, st.data())
@QUICKLY
def test_all_but_round_and_seals_is_hashed(block: dict[str, Any], extra: ExtraData, data: st.DataObject) -> None:
    """A block of any fork passes in whatever round and with whatever seals, and with nothing else changed."""
    block = sealed({**block, "number": hex(int(block["number"], 16) + 1)}, extra)
    leaf = BlockLeaf.of(block)
    assert leaf.block_hash == keccak(header_rlp(block))
    other = data.draw(EXTRA_DATA)
    assert BlockLeaf.of(told(block, replace(extra, round=other.round, seals=other.seals))) == leaf
    for part in ("vanity", "validators", "vote"):
        changed = replace(extra, **{part: getattr(other, part)})
        if changed != extra:
            with pytest.raises(BlockError, match="is not what its hash"):
                BlockLeaf.of(told(block, changed))
    field = data.draw(st.sampled_from(["parentHash", "stateRoot", "transactionsRoot", "receiptsRoot", "mixHash"]))
    with pytest.raises(BlockError, match="is not what its hash"):
        BlockLeaf.of({**block, field: "0x" + "5a" * 32})


@given(EXTRA_DATA, st.data())
@QUICKLY
def test_no_other_encoding_is_read(extra: ExtraData, data: st.DataObject) -> None:
    """P9 one byte more, one less, or one changed: another extra data, or none."""
    encoded = extra.encoded()
    place = data.draw(st.integers(0, len(encoded) - 1))
    flipped = encoded[:place] + bytes([encoded[place] ^ data.draw(st.integers(1, 255))]) + encoded[place + 1 :]
    for other in (encoded[:-1], encoded + b"\0", encoded[:place], flipped):
        try:
            assert ExtraData.of(other).encoded() == other != encoded
        except ExtraDataError:
            assert hashed_extra_data(1, MIX_HASH, other) == other


VANITY, MEMBER, SEAL = bytes(32), b"\x11" * 20, b"\x22" * 65


@pytest.mark.parametrize(
    "fields",
    [
        [VANITY, [MEMBER], [], b"\0", []],
        [VANITY, [MEMBER], b"", b"", []],
        [VANITY, [MEMBER], b"", b"\0\0\0\1", [SEAL]],
        [VANITY, [MEMBER], [MEMBER], b"", []],
        [VANITY, [MEMBER], [MEMBER, b"\1"], b"", []],
        [VANITY, [MEMBER[1:]], [], b"", []],
        [VANITY, [MEMBER], [], b"", [SEAL[1:]]],
        [VANITY[1:], [MEMBER], [], b"", []],
        [VANITY, [MEMBER], [], b"\xff" * 4, []],
        [VANITY, [[MEMBER]], [], b"", []],
        [VANITY, [MEMBER], [], []],
        [VANITY, [MEMBER], [], b"", [], b""],
    ],
)
def test_extra_data_of_others_is_none(fields: list[Any]) -> None:
    """P9 a round with a leading zero, IBFT 2.0's empty vote, half a vote, wrong lengths."""
    with pytest.raises(ExtraDataError, match="QBFT's"):
        ExtraData.of(rlp.encode(fields))


@given(headers(), EXTRA_DATA)
@QUICKLY
def test_other_chains_get_no_leniency(block: dict[str, Any], extra: ExtraData) -> None:
    """Without QBFT's mix hash, in the genesis block, or with other extra data, a header is hashed as it is."""
    numbered = {**block, "number": hex(int(block["number"], 16) + 1)}
    honest = sealed(numbered, extra)
    for other in (
        {**honest, "mixHash": block["mixHash"]},
        {**sealed({**block, "number": "0x0"}, replace(extra, round=1))},
        {**honest, "extraData": to_hex(b"\0" + extra.encoded())},
    ):
        fields = rlp.decode(header_rlp(other))
        assert to_hex(fields[12]) == other["extraData"]
        with pytest.raises(BlockError, match="is not what its hash"):
            BlockLeaf.of(other)


def test_a_genesis_block_is_hashed_as_it_is() -> None:
    extra = replace(extra_of(BLOCK_113), round=7)
    genesis = told({**BLOCK_113, "number": "0x0"}, extra)
    genesis["hash"] = to_hex(keccak(header_rlp(genesis)))
    assert rlp.decode(header_rlp(genesis))[12] == extra.encoded()
    assert BlockLeaf.of(genesis).number == 0
