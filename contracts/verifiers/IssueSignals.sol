// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Public signals of the circuit `issue` by name
/// @dev Generated from circuits/circuits.json by `make circuits`: don't edit.
library IssueSignals {
    function readingsRoot(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[0];
    }

    function registrationRoot(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[1];
    }

    function commitment(uint256[9] calldata signals, uint256 index) internal pure returns (uint256) {
        assert(index < 2);
        return signals[2 + index];
    }

    function meterNullifier(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[4];
    }

    function microgrid(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[5];
    }

    function epoch(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[6];
    }

    function asset(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[7];
    }

    function contextHash(uint256[9] calldata signals) internal pure returns (uint256) {
        return signals[8];
    }
}
