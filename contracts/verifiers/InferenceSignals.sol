// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Public signals of the circuit `inference` by name
/// @dev Generated from circuits/circuits.json by `make circuits`: don't edit.
library InferenceSignals {
    function weightHash(uint256[5] calldata signals) internal pure returns (uint256) {
        return signals[0];
    }

    function featuresHash(uint256[5] calldata signals) internal pure returns (uint256) {
        return signals[1];
    }

    function answerHash(uint256[5] calldata signals) internal pure returns (uint256) {
        return signals[2];
    }

    function ciphertext(uint256[5] calldata signals) internal pure returns (uint256) {
        return signals[3];
    }

    function node(uint256[5] calldata signals) internal pure returns (uint256) {
        return signals[4];
    }
}
