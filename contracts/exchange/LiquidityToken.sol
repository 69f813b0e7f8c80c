// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ILiquidityToken} from "../interfaces/ILiquidityToken.sol";

/// @title LiquidityToken
/// @notice Balances and supply of the liquidity; documented in ILiquidityToken.
abstract contract LiquidityToken is ILiquidityToken, IERC20Errors {
    struct Account {
        uint256 balance;
        mapping(address spender => uint256) allowance;
    }

    /* STORAGE */

    /// @inheritdoc ILiquidityToken
    bytes32 public constant name = "Uniswap V1";
    /// @inheritdoc ILiquidityToken
    bytes32 public constant symbol = "UNI-V1";
    /// @inheritdoc ILiquidityToken
    uint256 public constant decimals = 18;

    /// @dev Liquidity that belongs to nobody from the first liquidity on, so that a unit can't be made
    /// expensive with a donation: whoever donates gives to it.
    uint256 internal constant LOCKED_LIQUIDITY = 1000;

    /// @inheritdoc ILiquidityToken
    uint256 public totalSupply;
    mapping(address owner => Account) private _accounts;

    /* EXTERNAL */

    /// @inheritdoc ILiquidityToken
    function transfer(address to, uint256 value) external returns (bool) {
        _transfer(msg.sender, to, value);
        return true;
    }

    /// @inheritdoc ILiquidityToken
    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        mapping(address => uint256) storage allowances = _accounts[from].allowance;
        uint256 allowed = allowances[msg.sender];
        if (allowed < value) revert ERC20InsufficientAllowance(msg.sender, allowed, value);
        unchecked {
            allowances[msg.sender] = allowed - value;
        }
        _transfer(from, to, value);
        return true;
    }

    /// @inheritdoc ILiquidityToken
    function approve(address spender, uint256 value) external returns (bool) {
        _accounts[msg.sender].allowance[spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    /// @inheritdoc ILiquidityToken
    function balanceOf(address owner) external view returns (uint256) {
        // What is locked needs no storage: it is there as soon as there is any liquidity.
        uint256 balance = _accounts[owner].balance;
        return owner == address(0) && totalSupply != 0 ? balance + LOCKED_LIQUIDITY : balance;
    }

    /// @inheritdoc ILiquidityToken
    function allowance(address owner, address spender) external view returns (uint256) {
        return _accounts[owner].allowance[spender];
    }

    /* INTERNAL */

    /// @dev Takes `value` from `from`, without touching the supply.
    function _debit(address from, uint256 value) internal {
        Account storage account = _accounts[from];
        uint256 balance = account.balance;
        if (balance < value) revert ERC20InsufficientBalance(from, balance, value);
        unchecked {
            account.balance = balance - value;
        }
    }

    /// @dev Gives `value` to `to`. Can't overflow: balances sum to the supply.
    function _credit(address to, uint256 value) internal {
        unchecked {
            _accounts[to].balance += value;
        }
    }

    /* PRIVATE */

    function _transfer(address from, address to, uint256 value) private {
        _debit(from, value);
        _credit(to, value);
        emit Transfer(from, to, value);
    }
}
