// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {MerkleRoot} from "../merkle/MerkleRoot.sol";

/// @title Sum trees
/// @notice Of each chunk a heap whose node i is the sum of nodes 2i and 2i + 1; over the heaps' roots a MerkleRoot. An
/// inner node hashes 0x01, its chunk's hash and its children; a leaf 0x00 and its chunk.
library SumTree {
    /// @notice The hash of a leaf, or of a chunk in any other tree.
    function leaf(uint256[8] memory chunk) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x00), chunk));
    }

    /// @notice The hash of an inner node.
    /// @param chunkHash Hash of its chunk.
    function inner(bytes32 chunkHash, bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let memory_ := mload(0x40)
            mstore8(memory_, 1)
            mstore(add(memory_, 1), chunkHash)
            mstore(add(memory_, 33), left)
            mstore(add(memory_, 65), right)
            hash := keccak256(memory_, 97)
        }
    }

    /// @notice The hash of a chunk alone.
    function content(uint256[8] memory chunk) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(chunk, 0x100)
        }
    }

    /// @notice The aggregate's root that a node has.
    /// @param node Its place in the heap of a chunk, from 1 on.
    /// @param path For each level up to node 1 the hash of the parent's chunk and the node's sibling, then the siblings
    /// of the chunk's root; the caller checks how many.
    function rootOf(
        bytes32 hash,
        uint256 node,
        uint256 chunk,
        bytes32[] calldata path
    ) internal pure returns (bytes32) {
        uint256 next;
        unchecked {
            for (; node > 1; node >>= 1) {
                (bytes32 parent, bytes32 sibling) = (path[next], path[next + 1]);
                hash = node & 1 == 0 ? inner(parent, hash, sibling) : inner(parent, sibling, hash);
                next += 2;
            }
        }
        return MerkleRoot.rootOf(hash, chunk, path[next:]);
    }
}
