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
        (uint256 upper, uint256 lower) = _radices(count);
        to = from;
        do to = _forth(seed, upper, lower, to);
        while (to >= count);
    }

    /// @notice Which place the permutation puts here.
    function atPlace(bytes32 seed, uint256 count, uint256 to) internal pure returns (uint256 from) {
        (uint256 upper, uint256 lower) = _radices(count);
        from = to;
        do from = _back(seed, upper, lower, from);
        while (from >= count);
    }

    /// @dev The network on two digits: each round adds `keccak256(abi.encodePacked(seed, uint8(round), right))` to the
    /// left one modulo its radix, then the digits change places.
    function _forth(bytes32 seed, uint256 upper, uint256 lower, uint256 value) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            let memory_ := mload(0x40)
            mstore(memory_, seed)
            let left := div(value, lower)
            let right := mod(value, lower)
            for { let round := 0 } lt(round, ROUNDS) { round := add(round, 1) } {
                mstore8(add(memory_, 0x20), round)
                mstore(add(memory_, 0x21), right)
                let mixed := addmod(left, keccak256(memory_, 0x41), upper)
                left := right
                right := mixed
                let radix := upper
                upper := lower
                lower := radix
            }
            result := add(mul(left, lower), right)
        }
    }

    /// @dev Its inverse.
    function _back(bytes32 seed, uint256 upper, uint256 lower, uint256 value) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            let memory_ := mload(0x40)
            mstore(memory_, seed)
            let left := div(value, lower)
            let right := mod(value, lower)
            for { let round := ROUNDS } round {} {
                round := sub(round, 1)
                mstore8(add(memory_, 0x20), round)
                mstore(add(memory_, 0x21), left)
                let radix := upper
                upper := lower
                lower := radix
                let mixed := mod(add(right, sub(upper, mod(keccak256(memory_, 0x41), upper))), upper)
                right := left
                left := mixed
            }
            result := add(mul(left, lower), right)
        }
    }

    /// @dev Of the left and of the right digit: about as large, with fewer places beyond `count` than the lower one.
    function _radices(uint256 count) private pure returns (uint256 upper, uint256 lower) {
        unchecked {
            lower = 1 << (Math.log2(count, Math.Rounding.Ceil) / 2);
            upper = (count + lower - 1) / lower;
        }
    }
}
