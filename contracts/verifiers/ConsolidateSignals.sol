// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Public signals of the circuit `consolidate` by name
/// @dev Generated from circuits/circuits.json by `make circuits`: don't edit.
library ConsolidateSignals {
    function nullifier(uint256[9] calldata signals, uint256 index) internal pure returns (uint256) {
        assert(index < 4);
        return signals[index];
    }

    function commitment(uint256[9] calldata signals, uint256 index) internal pure returns (uint256) {
        assert(index < 2);
        return signals[4 + index];
    }

    function root(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[6];
    }

    function treeNumber(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[7];
    }

    function contextHash(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[8];
    }
}
