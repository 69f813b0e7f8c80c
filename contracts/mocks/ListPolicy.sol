// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ITransferPolicy} from "../interfaces/ITransferPolicy.sol";

/// @notice A policy that refuses exactly the transfers it was told to refuse.
contract ListPolicy is ITransferPolicy {
    mapping(bytes32 transfer => bool) private _refused;

    function refuse(address from, address to, uint256 amount, bool refused) external {
        _refused[keccak256(abi.encode(from, to, amount))] = refused;
    }

    function allowsTransfer(address from, address to, uint256 amount) external view returns (bool) {
        return !_refused[keccak256(abi.encode(from, to, amount))];
    }
}
