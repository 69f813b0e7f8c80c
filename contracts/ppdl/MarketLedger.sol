// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInferenceMarket} from "../interfaces/IInferenceMarket.sol";

/// @title MarketLedger
/// @notice What comes into the market, and what its owners take; documented in IInferenceMarket.
abstract contract MarketLedger is IInferenceMarket, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /* STORAGE */

    /// @inheritdoc IInferenceMarket
    address public constant ETH = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE;

    /// @inheritdoc IInferenceMarket
    mapping(address asset => mapping(address owner => uint256)) public claimable;

    /* EXTERNAL */

    /// @inheritdoc IInferenceMarket
    function claim(address asset, address to) external nonReentrant {
        uint256 amount = claimable[asset][msg.sender];
        if (amount == 0) revert NothingThere();
        claimable[asset][msg.sender] = 0;
        emit Claimed(msg.sender, asset, to, amount);
        _payOut(asset, to, amount);
    }

    /* INTERNAL */

    /// @dev Takes an asset from the caller, exactly.
    function _takeIn(address asset, uint256 amount) internal {
        if (asset == ETH) {
            if (msg.value != amount) revert WrongValue(amount, msg.value);
            return;
        }
        if (msg.value != 0) revert WrongValue(0, msg.value);
        if (asset.code.length == 0) revert InvalidAsset(asset);
        uint256 before = IERC20(asset).balanceOf(address(this));
        IERC20(asset).safeTransferFrom(msg.sender, address(this), amount);
        uint256 current = IERC20(asset).balanceOf(address(this));
        uint256 delivered = current > before ? current - before : 0;
        if (delivered != amount) revert WrongDelivery(asset, amount, delivered);
    }

    function _credit(address asset, address owner, uint256 amount) internal {
        claimable[asset][owner] += amount;
    }

    function _payOut(address asset, address to, uint256 amount) internal {
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        if (asset != ETH) {
            IERC20(asset).safeTransfer(to, amount);
            return;
        }
        (bool taken, ) = to.call{value: amount}("");
        if (!taken) revert PaymentFailed(to);
    }
}
