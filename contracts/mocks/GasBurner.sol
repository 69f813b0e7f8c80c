// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Wallet} from "./Wallet.sol";

/// @notice A contract account that burns all gas it is given with ETH.
contract GasBurner is Wallet {
    receive() external payable override {
        assembly ("memory-safe") {
            invalid()
        }
    }
}
