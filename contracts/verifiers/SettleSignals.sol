// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Public signals of the circuit `settle` by name
/// @dev Generated from circuits/circuits.json by `make circuits`: don't edit.
library SettleSignals {
    function nullifier(uint256[14] calldata signals, uint256 index) internal pure returns (uint256) {
        assert(index < 2);
        return signals[index];
    }

    function commitment(uint256[14] calldata signals, uint256 index) internal pure returns (uint256) {
        assert(index < 2);
        return signals[2 + index];
    }

    function readingsRoot(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[4];
    }

    function registrationRoot(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[5];
    }

    function meterNullifier(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[6];
    }

    function receipt(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[7];
    }

    function root(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[8];
    }

    function treeNumber(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[9];
    }

    function asset(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[10];
    }

    function contextHash(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[11];
    }

    function microgrid(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[12];
    }

    function epoch(uint256[14] calldata signals) internal pure returns (uint256) {
        return signals[13];
    }
}
