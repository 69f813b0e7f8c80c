// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Public signals of the circuit `joinsplit` by name
/// @dev Generated from circuits/circuits.json by `make circuits`: don't edit.
library JoinsplitSignals {
    function nullifier(uint256[10] calldata signals, uint256 index) internal pure returns (uint256) {
        assert(index < 2);
        return signals[index];
    }

    function commitment(uint256[10] calldata signals, uint256 index) internal pure returns (uint256) {
        assert(index < 3);
        return signals[2 + index];
    }

    function root(uint256[10] calldata signals) internal pure returns (uint256) {
        return signals[5];
    }

    function treeNumber(uint256[10] calldata signals) internal pure returns (uint256) {
        return signals[6];
    }

    function publicAsset(uint256[10] calldata signals) internal pure returns (uint256) {
        return signals[7];
    }

    function publicAmount(uint256[10] calldata signals) internal pure returns (uint256) {
        return signals[8];
    }

    function contextHash(uint256[10] calldata signals) internal pure returns (uint256) {
        return signals[9];
    }
}
