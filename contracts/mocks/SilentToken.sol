// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BareToken} from "./BareToken.sol";

/// @notice A token like USDT: neither transfer function returns anything.
contract SilentToken is BareToken {
    constructor(uint256 supply) BareToken(supply) {}

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        _moveFrom(from, to, amount);
    }
}
