// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Chunks of 64 lanes of 32 bits
/// @notice A chunk is eight words, a word eight lanes, the first highest. Lanes are added modulo 2^32
/// (docs/reference/ppdl-protocol.md, Model and Update vector).
library Lanes {
    uint256 internal constant CHUNK = 64;
    uint256 private constant WORDS = 8;
    uint256 private constant LANES = 8;
    uint256 private constant SHA256 = 2; // the precompiled contract
    /// @dev Each lane's lowest and highest bit.
    uint256 private constant LOW = type(uint256).max / type(uint32).max;
    uint256 private constant HIGH = LOW << 31;

    int256 private constant HALF_UNIT = 1 << 8;
    int256 private constant LARGEST = (1 << 13) - 1;
    uint256 private constant OFFSET = 1 << 13;
    uint256 private constant WEIGHT_BITS = 14;

    /// @notice The sum of two words, lane by lane.
    function add(uint256 left, uint256 right) internal pure returns (uint256) {
        unchecked {
            return ((left & ~HIGH) + (right & ~HIGH)) ^ ((left ^ right) & HIGH); // no carry leaves a lane
        }
    }

    /// @notice The word that added to this one gives zeros.
    function negate(uint256 word) internal pure returns (uint256) {
        return add(~word, LOW);
    }

    /// @notice Whether a chunk is the sum of two others.
    function isSum(
        uint256[8] calldata sum,
        uint256[8] calldata left,
        uint256[8] calldata right
    ) internal pure returns (bool) {
        unchecked {
            for (uint256 i = 0; i < WORDS; i++) {
                if (sum[i] != add(left[i], right[i])) return false;
            }
            return true;
        }
    }

    /// @notice A chunk of a seed's mask, or what takes it off.
    function stream(bytes32 seed, uint256 chunk, bool negated) internal view returns (uint256[8] memory mask) {
        assembly ("memory-safe") {
            let message := mload(0x40)
            mstore(message, seed)
            mstore(add(message, 0x20), shl(224, chunk))
            for { let i := 0 } lt(i, WORDS) { i := add(i, 1) } {
                mstore8(add(message, 0x27), i) // the last byte of 40
                let hashed := staticcall(gas(), SHA256, message, 0x28, add(mask, mul(0x20, i)), 0x20)
                if iszero(hashed) { revert(0, 0) } // out of gas
            }
        }
        if (!negated) return mask;
        for (uint256 i = 0; i < WORDS; i++) mask[i] = negate(mask[i]);
    }

    /// @notice Whether a chunk is the one before plus the mean of `count` updates.
    /// @param weights How many of the chunk's lanes are weights; the others are zeros afterwards.
    function isUpdate(
        uint256[8] calldata after_,
        uint256[8] calldata before,
        uint256[8] calldata sum,
        uint256 count,
        uint256 weights
    ) internal pure returns (bool) {
        for (uint256 i = 0; i < WORDS; i++) {
            uint256 word;
            for (uint256 lane = 0; lane < LANES && i * LANES + lane < weights; lane++) {
                uint256 shift = 224 - 32 * lane;
                int32 moved = updated(int32(uint32(before[i] >> shift)), int32(uint32(sum[i] >> shift)), count);
                word |= uint256(uint32(moved)) << shift;
            }
            if (after_[i] != word) return false;
        }
        return true;
    }

    /// @notice A weight plus the mean of `count` updates, rounded to the nearest, halves up, and clamped.
    function updated(int32 weight, int32 sum, uint256 count) internal pure returns (int32) {
        unchecked {
            int256 n = int256(count);
            int256 half = 2 * int256(sum) + n;
            int256 mean = half / (2 * n);
            if (half < 0 && half % (2 * n) != 0) mean--; // the division rounds to zero
            int256 moved = weight + mean;
            if (moved > type(int32).max) return type(int32).max;
            return moved < type(int32).min ? type(int32).min : int32(moved);
        }
    }

    /// @notice A chunk's quantised weights, sixteen to a field element.
    function quantised(uint256[8] calldata chunk) internal pure returns (uint256[4] memory elements) {
        unchecked {
            for (uint256 lane = 0; lane < CHUNK; lane++) {
                int256 weight = int32(uint32(chunk[lane / LANES] >> (224 - 32 * (lane % LANES))));
                int256 rounded = (weight + HALF_UNIT) >> 9;
                if (rounded > LARGEST) rounded = LARGEST;
                if (rounded < -LARGEST - 1) rounded = -LARGEST - 1;
                elements[lane / 16] |= uint256(rounded + int256(OFFSET)) << (WEIGHT_BITS * (lane % 16));
            }
        }
    }
}
