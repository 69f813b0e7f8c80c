// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Public signals of the circuit `trade` by name
/// @dev Generated from circuits/circuits.json by `make circuits`: don't edit.
library TradeSignals {
    function nullifier(uint256[14] calldata signals, uint256 index) internal pure returns (uint256) {
        assert(index < 2);
        return signals[index];
    }

    function commitment(uint256[14] calldata signals, uint256 index) internal pure returns (uint256) {
        assert(index < 3);
        return signals[2 + index];
    }

    function registrationRoot(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[5];
    }

    function meterNullifier(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[6];
    }

    function root(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[7];
    }

    function treeNumber(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[8];
    }

    function publicAsset(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[9];
    }

    function publicAmount(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[10];
    }

    function contextHash(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[11];
    }

    function epoch(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[12];
    }

    function cap(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[13];
    }
}
