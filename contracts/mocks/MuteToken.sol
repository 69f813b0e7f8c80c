// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BareToken} from "./BareToken.sol";

/// @notice A token whose `balanceOf` can be made to revert, or to return less than a word.
contract MuteToken is BareToken {
    enum Mode {
        Plain,
        Reverting,
        Short
    }

    error Mute();

    Mode public mode;

    constructor(uint256 supply) BareToken(supply) {}

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _moveFrom(from, to, amount);
        return true;
    }

    function balanceOf(address owner) public view override returns (uint256) {
        if (mode == Mode.Reverting) revert Mute();
        if (mode == Mode.Short) {
            assembly ("memory-safe") {
                mstore(0x00, not(0))
                return(0x00, 0x1f)
            }
        }
        return super.balanceOf(owner);
    }
}
