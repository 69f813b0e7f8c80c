// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BareToken} from "./BareToken.sol";

/// @notice A token that returns false where others revert, and does so always once it is told to.
contract FalseToken is BareToken {
    bool public failing;

    constructor(uint256 supply) BareToken(supply) {}

    function setFailing(bool failing_) external {
        failing = failing_;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        if (failing || _balances[msg.sender] < amount) return false;
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        if (failing || _balances[from] < amount || allowance[from][msg.sender] < amount) return false;
        _moveFrom(from, to, amount);
        return true;
    }
}
