// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Wallet} from "./Wallet.sol";

/// @notice A contract account that accepts no ETH but what comes with a call of its own.
contract EtherRefuser is Wallet {
    error NoThanks();

    receive() external payable override {
        revert NoThanks();
    }
}
