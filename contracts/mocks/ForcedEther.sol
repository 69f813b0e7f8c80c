// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @notice Gives ETH to an account that can't refuse it.
contract ForcedEther {
    function give(address payable receiver) external payable {
        selfdestruct(receiver);
    }
}
