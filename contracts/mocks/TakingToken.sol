// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BareToken} from "./BareToken.sol";

/// @notice A token whose `transferFrom` can be made to take from the receiver instead of giving to it.
contract TakingToken is BareToken {
    uint256 public taking;

    constructor(uint256 supply) BareToken(supply) {}

    function setTaking(uint256 taking_) external {
        taking = taking_;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        if (taking == 0) _moveFrom(from, to, amount);
        else _move(to, from, taking);
        return true;
    }
}
