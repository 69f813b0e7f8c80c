// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @notice An exchange nobody vouches for: keeps the ETH of a swap, delivers nothing, names any price, and makes a
/// planned call while it is trusted with the ETH.
contract CustomExchange {
    uint256 public price;
    uint256 public claimed;
    address public target;
    uint256 public value;
    bytes public data;

    uint256 public attempts;
    uint256 public successes;
    bytes public lastResult;
    bytes public lastCall;
    uint256 public received;

    function set(uint256 price_, uint256 claimed_) external payable {
        (price, claimed) = (price_, claimed_);
    }

    function plan(address target_, uint256 value_, bytes calldata data_) external {
        (target, value, data) = (target_, value_, data_);
    }

    function ethToTokenTransferInput(uint256, uint256, address) external payable returns (uint256) {
        return _trade();
    }

    function ethToTokenTransferOutput(uint256, uint256, address) external payable returns (uint256) {
        return _trade();
    }

    function getEthToTokenOutputPrice(uint256) external view returns (uint256) {
        return price;
    }

    function _trade() private returns (uint256) {
        received += msg.value;
        lastCall = msg.data;
        if (target != address(0)) {
            (bool success, bytes memory result) = target.call{value: value}(data);
            attempts += 1;
            if (success) successes += 1;
            lastResult = result;
        }
        return claimed;
    }
}
