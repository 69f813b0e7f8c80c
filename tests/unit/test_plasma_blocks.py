"""Blocks' headers and leaves."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.merkle import root_of
from offchain.plasma.blocks import BlockError, BlockLeaf, block_tree, header_rlp
from tests.unit.plasma import CHAIN_ID, NAMES, block_leaf, headers

QUICKLY = settings(max_examples=60, deadline=None)

MAINNET = {
    "parentHash": "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
    "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
    "miner": "0x05a56e2d52c817161883f50c441c3228cfe54d9f",
    "stateRoot": "0xd67e4d450343046425ae4271474353857ab860dbc0a1dde64b41b5cd3a532bf3",
    "transactionsRoot": "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    "receiptsRoot": "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    "logsBloom": "0x" + "00" * 256,
    "difficulty": "0x3ff800000",
    "number": "0x1",
    "gasLimit": "0x1388",
    "gasUsed": "0x0",
    "timestamp": "0x55ba4224",
    "extraData": "0x476574682f76312e302e302f6c696e75782f676f312e342e32",
    "mixHash": "0x969b900de27b6ac6a67742365dd65f55a0526c41fd18e1b16f1a1215c2e66f59",
    "nonce": "0x539bd4979fef1ec4",
    "hash": "0x88e96d4537bea4d9c05d12549907b32561d3bf31f45aae734cdc119f13406cb6",
}
"""Block 1 of Ethereum's mainnet."""


def test_a_header_of_mainnet_hashes_to_its_hash() -> None:
    leaf = BlockLeaf.of(MAINNET)
    assert leaf.number == 1
    assert leaf.timestamp == 0x55BA4224
    assert leaf.block_hash.hex() == MAINNET["hash"][2:]
    assert leaf.state_root.hex() == MAINNET["stateRoot"][2:]


@given(headers())
@QUICKLY
def test_every_forks_header_has_its_fields_in_order(block: dict[str, Any]) -> None:
    """Decoded again, each field is what the node said, and none is missing."""
    decoded = rlp.decode(header_rlp(block))
    told = [value for name, value in block.items() if name != "hash"]
    assert len(decoded) == len(told)
    for field, value in zip(decoded, told, strict=True):
        if (len(value) % 2 == 0 and len(value) >= 18) or value == "0x":
            assert field.hex() == value[2:]
        else:
            assert int.from_bytes(field, "big") == int(value, 16)
            assert not field.startswith(b"\0")


@given(headers(), st.data())
@QUICKLY
def test_a_leaf_is_what_the_header_says_and_no_changed_one_passes(block: dict[str, Any], data: st.DataObject) -> None:
    leaf = BlockLeaf.of(block)
    assert leaf.abi() == (
        int(block["number"], 16),
        int(block["timestamp"], 16),
        *(bytes.fromhex(block[name][2:]) for name in ("hash", "parentHash", "stateRoot", "transactionsRoot")),
        bytes.fromhex(block["receiptsRoot"][2:]),
    )
    name = data.draw(st.sampled_from(["parentHash", "stateRoot", "transactionsRoot", "receiptsRoot", "hash"]))
    changed = {**block, name: "0x" + bytes(byte ^ 1 for byte in bytes.fromhex(block[name][2:])).hex()}
    with pytest.raises(BlockError, match=f"block {leaf.number} is not what its hash"):
        BlockLeaf.of(changed)


@given(headers(), st.data())
@QUICKLY
def test_a_field_that_is_none_is_named(block: dict[str, Any], data: st.DataObject) -> None:
    """P9."""
    name = data.draw(st.sampled_from([name for name in block if name not in ("hash", *NAMES[15:])]))
    bad = data.draw(st.sampled_from([None, "zz", "12", 7, "0x" + "00" * 33, "-0x1", "0x"]))
    if name == "extraData" and bad in ("0x", "0x" + "00" * 33):
        return  # it can have any length
    with pytest.raises(BlockError, match=f"no usable {name}"):
        header_rlp({**block, name: bad})


def test_a_gap_between_the_forks_fields_is_named() -> None:
    """P9."""
    with pytest.raises(BlockError, match="no baseFeePerGas, but fields of later forks"):
        header_rlp({**MAINNET, "withdrawalsRoot": "0x" + "00" * 32})


def test_a_leafs_hash_is_the_contracts() -> None:
    leaf = block_leaf(7)
    typehash = keccak(
        text="Block(uint256 chainId,uint256 number,uint256 timestamp,bytes32 blockHash,bytes32 parentHash,"
        "bytes32 stateRoot,bytes32 transactionsRoot,bytes32 receiptsRoot)"
    )
    words = encode(["bytes32"] + ["uint256"] * 3 + ["bytes32"] * 5, [typehash, CHAIN_ID, *leaf.abi()])
    assert leaf.hash(CHAIN_ID) == keccak(b"\x00" + words)
    assert leaf.hash(CHAIN_ID) != leaf.hash(CHAIN_ID + 1)


def test_the_tree_of_a_range() -> None:
    leaves = [block_leaf(number) for number in range(5, 12)]
    tree = block_tree(CHAIN_ID, leaves)
    assert tree.depth == 3
    for place, leaf in enumerate(leaves):
        assert root_of(leaf.hash(CHAIN_ID), place, tree.path(place)) == tree.root


def test_blocks_that_dont_follow_each_other_are_refused() -> None:
    """P9."""
    with pytest.raises(BlockError, match="at least one block"):
        block_tree(CHAIN_ID, [])
    with pytest.raises(BlockError, match="block 9 doesn't follow block 7"):
        block_tree(CHAIN_ID, [block_leaf(7), block_leaf(9)])
    with pytest.raises(BlockError, match="block 9 doesn't follow block 7"):
        block_tree(CHAIN_ID, [block_leaf(7), block_leaf(9, parent_hash=block_leaf(7).block_hash)])
    with pytest.raises(BlockError, match="block 8 doesn't follow block 7"):
        block_tree(CHAIN_ID, [block_leaf(7), block_leaf(8, parent_hash=keccak(b"another"))])


def test_a_leaf_is_read_again_from_json() -> None:
    leaf = block_leaf(3)
    assert BlockLeaf.from_json(leaf.to_json()) == leaf
    assert leaf.to_json()["number"] == "3"
    assert leaf.to_json()["blockHash"] == "0x" + leaf.block_hash.hex()
