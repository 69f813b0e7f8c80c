// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IEnergyToken} from "../interfaces/IEnergyToken.sol";
import {IMeterRegistry} from "../interfaces/IMeterRegistry.sol";
import {IZkERC20} from "../interfaces/IZkERC20.sol";

/// @title Vault
/// @notice What comes into the pool and what leaves it, through the turnstile; documented in IZkERC20.
/// @dev Energy tokens exist while they are public: the pool burns what comes in and mints what leaves.
abstract contract Vault is IZkERC20 {
    using SafeERC20 for IERC20;

    /* STORAGE */

    /// @inheritdoc IZkERC20
    address public constant ETH = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE;

    IMeterRegistry internal immutable REGISTRY;

    /// @inheritdoc IZkERC20
    mapping(address asset => uint256) public inside;

    /* CONSTRUCTOR */

    constructor(IMeterRegistry registry) {
        REGISTRY = registry;
    }

    /* INTERNAL */

    /// @dev Takes an asset from the caller and lets it through the turnstile.
    function _takeIn(address asset, uint256 amount) internal {
        if (amount == 0 || amount > type(uint128).max) revert InvalidAmount(amount);
        inside[asset] += amount;
        if (asset == ETH) {
            if (msg.value != amount) revert WrongValue(amount, msg.value);
            return;
        }
        if (msg.value != 0) revert WrongValue(0, msg.value);
        if (asset.code.length == 0) revert InvalidAsset(asset);
        if (REGISTRY.microgridOf(asset) != 0) {
            IEnergyToken(asset).burnFrom(msg.sender, amount);
            return;
        }
        uint256 before = IERC20(asset).balanceOf(address(this));
        IERC20(asset).safeTransferFrom(msg.sender, address(this), amount);
        uint256 current = IERC20(asset).balanceOf(address(this));
        uint256 delivered = current > before ? current - before : 0;
        if (delivered != amount) revert WrongDelivery(asset, amount, delivered);
    }

    /// @dev Pays an asset out through the turnstile.
    function _payOut(address asset, address recipient, uint256 amount) internal {
        if (recipient == address(0) || recipient == address(this)) revert InvalidRecipient(recipient);
        _letOut(asset, amount);
        if (asset == ETH) {
            (bool taken, ) = recipient.call{value: amount}("");
            if (!taken) revert InvalidRecipient(recipient);
        } else if (REGISTRY.microgridOf(asset) != 0) {
            if (!REGISTRY.mayHold(asset, recipient)) revert InvalidRecipient(recipient);
            IEnergyToken(asset).mint(recipient, amount);
        } else {
            IERC20(asset).safeTransfer(recipient, amount);
        }
    }

    /// @dev The turnstile: no more leaves than came in or was metered.
    function _letOut(address asset, uint256 amount) internal {
        uint256 available = inside[asset];
        if (amount > available) revert TurnstileExceeded(asset, amount, available);
        inside[asset] = available - amount;
    }
}
