// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BareToken} from "./BareToken.sol";

/// @notice A token with a name whose transfers return nothing, as USDT's do, or what they are told to return, or fail.
contract PlannedToken is BareToken {
    enum Mode {
        Silent,
        False,
        Reverting
    }

    error NotToday();

    Mode public mode;

    constructor(uint256 supply) BareToken(supply) {}

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function transfer(address to, uint256 amount) external {
        if (_goesOn()) _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        if (_goesOn()) _moveFrom(from, to, amount);
    }

    function _goesOn() private view returns (bool) {
        if (mode == Mode.Reverting) revert NotToday();
        if (mode == Mode.False) {
            assembly ("memory-safe") {
                mstore(0, 0)
                return(0, 32)
            }
        }
        return true;
    }
}
