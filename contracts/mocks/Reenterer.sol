// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Wallet} from "./Wallet.sol";

/// @notice A contract account that makes a planned call whenever ETH or a token's notice reaches it, and notes how
/// the call ended; with `insists` set it fails if the planned call fails.
contract Reenterer is Wallet {
    address public target;
    uint256 public value;
    bytes public data;
    bool public insists;

    uint256 public attempts;
    uint256 public successes;
    bytes public lastResult;

    receive() external payable override {
        _reenter();
    }

    function plan(address target_, uint256 value_, bytes calldata data_, bool insists_) external payable {
        (target, value, data, insists) = (target_, value_, data_, insists_);
    }

    function tokensMoved() external {
        _reenter();
    }

    function _reenter() private {
        if (target == address(0)) return;
        (bool success, bytes memory result) = target.call{value: value}(data);
        if (insists && !success) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        attempts += 1;
        if (success) successes += 1;
        lastResult = result;
    }
}
