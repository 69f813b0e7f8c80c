// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @notice A contract account: its owner's calls pass through it, and receiving ETH needs more than 2300 gas.
contract Wallet {
    struct Call {
        address target;
        uint256 value;
        bytes data;
    }

    uint256 public deposits;

    receive() external payable virtual {
        deposits += 1;
    }

    /// @notice Makes one call and hands on what it returns or why it fails.
    function execute(address target, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        return _call(target, value, data);
    }

    /// @notice Makes several calls within one transaction.
    function batch(Call[] calldata calls) external payable {
        for (uint256 i = 0; i < calls.length; ++i) _call(calls[i].target, calls[i].value, calls[i].data);
    }

    function _call(address target, uint256 value, bytes calldata data) private returns (bytes memory) {
        (bool success, bytes memory result) = target.call{value: value}(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }
}
