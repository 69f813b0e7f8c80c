// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Account on the plasma chain that is moved from the root chain
/// @notice Belongs to one sender of forced messages and does what they say, called by the bridge alone. It has no
/// rights of the bridge's: what it calls sees an ordinary account.
contract RemoteAccount {
    /// @notice Thrown when another contract than the bridge calls.
    error NotBridge(address sender);

    /* STORAGE */

    address private immutable BRIDGE;

    /* CONSTRUCTOR */

    constructor() {
        BRIDGE = msg.sender;
    }

    /* EXTERNAL */

    receive() external payable {}

    /// @notice Calls a contract; reverts with what that reverted with.
    function execute(address target, uint256 value, bytes calldata data) external {
        if (msg.sender != BRIDGE) revert NotBridge(msg.sender);
        (bool success, ) = target.call{value: value}(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
    }
}
