// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BareToken} from "./BareToken.sol";

/// @notice A token like BNB: `transfer` returns nothing, `transferFrom` returns true.
contract HalfSilentToken is BareToken {
    constructor(uint256 supply) BareToken(supply) {}

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _moveFrom(from, to, amount);
        return true;
    }
}
