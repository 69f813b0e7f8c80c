// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Who masks with whom, and who signs
/// @notice A permutation that a seed draws, and the graph of neighbours on it (docs/reference/ppdl-protocol.md, Round).
/// @dev Source: Luby and Rackoff, "How to Construct Pseudorandom Permutations", 1988; Black and Rogaway, "Ciphers with
/// Arbitrary Finite Domains", 2002.
library NeighbourGraph {
    uint256 private constant MOST_NEIGHBOURS = 100;
    uint256 private constant HALF = MOST_NEIGHBOURS / 2;
    uint256 private constant ROUNDS = 4;

    /// @notice How many neighbours each of so many participants has.
    function degree(uint256 count) internal pure returns (uint256) {
        return count <= MOST_NEIGHBOURS + 1 ? count - 1 : MOST_NEIGHBOURS;
    }

    /// @notice Who is in a slot of a participant.
    function neighbour(bytes32 seed, uint256 count, uint256 index, uint256 slot) internal pure returns (uint256) {
        if (count <= MOST_NEIGHBOURS + 1) return (index + 1 + slot) % count;
        uint256 from = place(seed, count, index);
        uint256 to = slot < HALF ? from + slot + 1 : from + count + HALF - 1 - slot;
        return atPlace(seed, count, to % count);
    }

    /// @notice In which slot of its neighbour there a participant is.
    function mirrored(uint256 count, uint256 slot) internal pure returns (uint256) {
        return count <= MOST_NEIGHBOURS + 1 ? count - 2 - slot : (slot + HALF) % MOST_NEIGHBOURS;
    }

    /// @notice Where the permutation of `count` places puts a place.
    function place(bytes32 seed, uint256 count, uint256 from) internal pure returns (uint256 to) {
        uint256 bits = _halfBits(count);
        to = from;
        do to = _forth(seed, bits, to);
        while (to >= count);
    }

    /// @notice Which place the permutation puts here.
    function atPlace(bytes32 seed, uint256 count, uint256 to) internal pure returns (uint256 from) {
        uint256 bits = _halfBits(count);
        from = to;
        do from = _back(seed, bits, from);
        while (from >= count);
    }

    /// @dev The network on `2 * bits` bits.
    function _forth(bytes32 seed, uint256 bits, uint256 number) private pure returns (uint256) {
        unchecked {
            uint256 mask = (1 << bits) - 1;
            (uint256 left, uint256 right) = (number >> bits, number & mask);
            for (uint256 round = 0; round < ROUNDS; round++) {
                (left, right) = (right, left ^ (_mix(seed, round, right) & mask));
            }
            return (left << bits) | right;
        }
    }

    /// @dev Its inverse.
    function _back(bytes32 seed, uint256 bits, uint256 number) private pure returns (uint256) {
        unchecked {
            uint256 mask = (1 << bits) - 1;
            (uint256 left, uint256 right) = (number >> bits, number & mask);
            for (uint256 round = ROUNDS; round > 0; round--) {
                (left, right) = (right ^ (_mix(seed, round - 1, left) & mask), left);
            }
            return (left << bits) | right;
        }
    }

    function _halfBits(uint256 count) private pure returns (uint256) {
        return (Math.log2(count, Math.Rounding.Ceil) + 1) / 2;
    }

    /// @dev `keccak256(abi.encodePacked(seed, uint8(round), right))`, without memory of its own.
    function _mix(bytes32 seed, uint256 round, uint256 right) private pure returns (uint256 hash) {
        assembly ("memory-safe") {
            let memory_ := mload(0x40)
            mstore(memory_, seed)
            mstore8(add(memory_, 32), round)
            mstore(add(memory_, 33), right)
            hash := keccak256(memory_, 65)
        }
    }
}
