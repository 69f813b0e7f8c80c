// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {IPlasmaInclusion, Log} from "../interfaces/IPlasmaInclusion.sol";

/// @title What a block's tries say
/// @notice Reads accounts, slots, transactions and receipts out of proofs of inclusion; reverts if one doesn't hold.
/// @dev OpenZeppelin's RLP takes integers with leading zeros, and bytes after an integer: nothing here may tell things
/// apart by their encoding, only by what was decoded. Hashes and addresses must have their full length.
library Trie {
    using Memory for bytes;
    using Memory for Memory.Slice;
    using RLP for bytes;
    using RLP for Memory.Slice;

    struct Account {
        uint256 nonce;
        uint256 balance;
        bytes32 storageRoot;
        bytes32 codeHash;
    }

    /// @notice An account in a state.
    function account(
        bytes32 stateRoot,
        address address_,
        bytes[] memory nodes
    ) internal pure returns (Account memory) {
        bytes memory key = bytes.concat(keccak256(abi.encodePacked(address_)));
        Memory.Slice[] memory fields = TrieProof.traverse(stateRoot, key, nodes).decodeList();
        if (fields.length != 4) revert IPlasmaInclusion.InvalidEncoding();
        return Account(fields[0].readUint256(), fields[1].readUint256(), _word(fields[2]), _word(fields[3]));
    }

    /// @notice A storage slot that isn't zero.
    function slot(bytes32 storageRoot, bytes32 slot_, bytes[] memory nodes) internal pure returns (uint256) {
        bytes memory encoded = TrieProof.traverse(storageRoot, bytes.concat(keccak256(abi.encode(slot_))), nodes);
        if (encoded.length > 1 && uint8(encoded[0]) != 0x7f + encoded.length) revert IPlasmaInclusion.InvalidEncoding();
        return encoded.decodeUint256();
    }

    /// @notice A transaction or a receipt, by the root of their trie.
    function item(bytes32 root, uint256 index, bytes[] memory nodes) internal pure returns (bytes memory) {
        return TrieProof.traverse(root, RLP.encode(index), nodes);
    }

    /// @notice Whether a receipt's transaction succeeded, and its logs, encoded. (EIP-658: no roots of older receipts.)
    function receipt(bytes memory encoded) internal pure returns (bool success, Memory.Slice[] memory logs) {
        if (encoded.length == 0) revert IPlasmaInclusion.InvalidEncoding();
        Memory.Slice body = encoded.asSlice();
        if (uint8(encoded[0]) < 0x80) body = body.slice(1); // EIP-2718: a type stands before the list
        Memory.Slice[] memory fields = body.readList();
        if (fields.length != 4) revert IPlasmaInclusion.InvalidEncoding();
        bytes1 status = bytes1(fields[0].load(0));
        if (status != 0x01 && status != 0x80) revert IPlasmaInclusion.InvalidEncoding();
        return (status == 0x01, fields[3].readList());
    }

    /// @notice One of a receipt's logs.
    function log(Memory.Slice encoded) internal pure returns (Log memory decoded) {
        Memory.Slice[] memory fields = encoded.readList();
        if (fields.length != 3 || fields[0].length() != 21) revert IPlasmaInclusion.InvalidEncoding();
        Memory.Slice[] memory topics = fields[1].readList();
        decoded.emitter = fields[0].readAddress();
        decoded.topics = new bytes32[](topics.length);
        for (uint256 i = 0; i < topics.length; i++) decoded.topics[i] = _word(topics[i]);
        decoded.data = fields[2].readBytes();
    }

    function _word(Memory.Slice item) private pure returns (bytes32) {
        if (item.length() != 33) revert IPlasmaInclusion.InvalidEncoding();
        return item.readBytes32();
    }
}
