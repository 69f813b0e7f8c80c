// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IModelChain} from "../interfaces/IModelChain.sol";

/// @notice A model chain to which anyone appends any model.
contract ModelList is IModelChain {
    bytes32[] private _weightHashes;

    function append(bytes32 weightHash) external {
        _weightHashes.push(weightHash);
    }

    function head() external view returns (uint256) {
        return _weightHashes.length - 1;
    }

    function weightHashOf(uint256 number) external view returns (bytes32) {
        return number < _weightHashes.length ? _weightHashes[number] : bytes32(0);
    }
}
