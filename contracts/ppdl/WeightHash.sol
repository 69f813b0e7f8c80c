// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Poseidon} from "../merkle/Poseidon.sol";
import {Lanes} from "./Lanes.sol";

/// @title The model as circuits open it
/// @notice Poseidon over each chunk's quantised weights, and over four children a node, missing ones 0.
library WeightHash {
    uint256 private constant SIBLINGS = 3;

    /// @notice The hash of a chunk.
    function leaf(address t5, uint256[8] calldata chunk) internal view returns (uint256) {
        return Poseidon.hash4(t5, Lanes.quantised(chunk));
    }

    /// @notice The root that a chunk's hash has at a place, all of them field elements.
    /// @param siblings Three a level, lowest level first, by ascending places.
    function rootOf(
        address t5,
        uint256 hash,
        uint256 index,
        uint256[] calldata siblings
    ) internal view returns (uint256) {
        uint256[4] memory children;
        for (uint256 start = 0; start < siblings.length; start += SIBLINGS) {
            for (uint256 place = 0; place < 4; place++) {
                if (place == index % 4) children[place] = hash;
                else children[place] = siblings[start + place - (place > index % 4 ? 1 : 0)];
            }
            hash = Poseidon.hash4(t5, children);
            index /= 4;
        }
        return hash;
    }

    /// @notice Whether all siblings beyond the last of `count` chunks are 0.
    function endsEmpty(uint256 index, uint256 count, uint256[] calldata siblings) internal pure returns (bool) {
        for (uint256 start = 0; start < siblings.length; start += SIBLINGS) {
            for (uint256 i = 0; i < SIBLINGS; i++) {
                uint256 place = index - (index % 4) + i + (i >= index % 4 ? 1 : 0);
                if (place >= count && siblings[start + i] != 0) return false;
            }
            (index, count) = (index / 4, (count + 3) / 4);
        }
        return true;
    }

    /// @notice How many siblings a path over so many chunks has.
    function siblingsOf(uint256 count) internal pure returns (uint256 siblings) {
        for (; count > 1; count = (count + 3) / 4) siblings += SIBLINGS;
    }
}
