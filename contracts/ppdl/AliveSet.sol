// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Bitmaps of a round's participants
/// @notice Bit `i % 8`, lowest first, of byte `i / 8` stands for participant i. A word is 32 bytes of it.
library AliveSet {
    uint256 internal constant WORD = 256;

    /// @notice How many are in the set.
    function count(bytes calldata set) internal pure returns (uint256 sum) {
        for (uint256 start = 0; start < set.length; start += 32) sum += _ones(word(set, start / 32));
    }

    /// @notice Whether a participant is in the set; nobody beyond its end is.
    function contains(bytes calldata set, uint256 index) internal pure returns (bool) {
        return index / 8 < set.length && (uint8(set[index / 8]) >> (index % 8)) & 1 == 1;
    }

    /// @notice How many with a lower index are in the set.
    function rankOf(bytes calldata set, uint256 index) internal pure returns (uint256 rank) {
        for (uint256 i = 0; i < index / WORD; i++) rank += _ones(word(set, i));
        uint256 byte_ = (index % WORD) / 8;
        uint256 below = ~(type(uint256).max >> (8 * byte_)); // the bytes before it, then the bits below in its own
        below |= ((1 << (index % 8)) - 1) << (8 * (31 - byte_));
        return rank + _ones(word(set, index / WORD) & below);
    }

    /// @notice A word of the set, zeros beyond its end.
    function word(bytes calldata set, uint256 number) internal pure returns (uint256) {
        uint256 start = 32 * number;
        if (start >= set.length) return 0;
        return uint256(bytes32(set[start:start + 32 < set.length ? start + 32 : set.length]));
    }

    /// @notice The bit of a participant in its word.
    function bit(uint256 index) internal pure returns (uint256) {
        return 1 << ((index % WORD) ^ 0xf8); // the first byte is a word's highest
    }

    function _ones(uint256 bits) private pure returns (uint256) {
        unchecked {
            bits -= (bits >> 1) & (type(uint256).max / 3);
            bits = (bits & (type(uint256).max / 5)) + ((bits >> 2) & (type(uint256).max / 5));
            bits = (bits + (bits >> 4)) & (type(uint256).max / 17);
            bits = (bits & (type(uint256).max / 257)) + ((bits >> 8) & (type(uint256).max / 257));
            return (bits * (type(uint256).max / 65535)) >> 240;
        }
    }
}
