// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Binary keccak trees whose leaves have a place
/// @notice A leaf hashes 0x00 and its content, a node 0x01 and its two children: neither passes for the other. A path
/// is bound to the leaf's index, which OpenZeppelin's MerkleProof leaves open. Empty leaves are 0.
library MerkleRoot {
    /// @notice A node of two children.
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let memory_ := mload(0x40)
            mstore8(memory_, 1)
            mstore(add(memory_, 1), left)
            mstore(add(memory_, 33), right)
            hash := keccak256(memory_, 65)
        }
    }

    /// @notice A leaf with this content.
    function leaf(bytes memory content) internal pure returns (bytes32) {
        return keccak256(bytes.concat(hex"00", content));
    }

    /// @notice The root that a leaf has at a place.
    /// @param index Below `2 ** siblings.length`; the caller sees to it.
    /// @param siblings Lowest level first.
    function rootOf(bytes32 hash, uint256 index, bytes32[] calldata siblings) internal pure returns (bytes32) {
        for (uint256 level = 0; level < siblings.length; level++) {
            hash = (index >> level) & 1 == 0 ? node(hash, siblings[level]) : node(siblings[level], hash);
        }
        return hash;
    }

    /// @notice The root over leaves, at least one, filled with empty ones to a power of two.
    /// @param nodes Overwritten.
    function over(bytes32[] memory nodes) internal pure returns (bytes32) {
        bytes32 empty;
        for (uint256 count = nodes.length; count > 1; count = (count + 1) / 2) {
            for (uint256 i = 0; 2 * i < count; i++) {
                nodes[i] = node(nodes[2 * i], 2 * i + 1 < count ? nodes[2 * i + 1] : empty);
            }
            empty = node(empty, empty);
        }
        return nodes[0];
    }

    /// @notice Whether all siblings on a leaf's path that are beyond the last of `count` leaves are empty.
    function endsEmpty(uint256 index, uint256 count, bytes32[] calldata siblings) internal pure returns (bool) {
        bytes32 empty;
        for (uint256 level = 0; level < siblings.length; level++) {
            if (((index >> level) ^ 1) << level >= count && siblings[level] != empty) return false;
            empty = node(empty, empty);
        }
        return true;
    }

    /// @notice How many levels a tree with this many leaves, at least one, has above them.
    function depthOf(uint256 count) internal pure returns (uint256 depth) {
        while (1 << depth < count) depth++;
    }
}
