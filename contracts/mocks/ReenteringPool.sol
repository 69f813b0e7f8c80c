// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @notice A pool that, when its registry brings notes, makes a planned call of the registry, and fails as that fails.
contract ReenteringPool {
    bytes private _data;

    function plan(bytes calldata data) external {
        _data = data;
    }

    function acceptIssue(address, uint256, uint256[2] calldata, bytes calldata) external {
        _reenter();
    }

    function acceptSettle(
        uint256,
        uint256,
        uint256[2] calldata,
        uint256[2] calldata,
        bytes calldata
    ) external {
        _reenter();
    }

    function _reenter() private {
        (bool success, bytes memory result) = msg.sender.call{value: 0}(_data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }
}
