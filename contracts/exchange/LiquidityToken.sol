// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ILiquidityToken} from "../interfaces/ILiquidityToken.sol";

/// @title LiquidityToken
/// @notice Balances and supply of the liquidity; documented in ILiquidityToken.
abstract contract LiquidityToken is ILiquidityToken, IERC20Errors {
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
    mapping(address owner => uint256) private _balances;
    /// @inheritdoc ILiquidityToken
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    /* EXTERNAL */

    /// @inheritdoc ILiquidityToken
    function transfer(address to, uint256 value) external returns (bool) {
        _transfer(msg.sender, to, value);
        return true;
    }

    /// @inheritdoc ILiquidityToken
    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < value) revert ERC20InsufficientAllowance(msg.sender, allowed, value);
        unchecked {
            allowance[from][msg.sender] = allowed - value;
        }
        _transfer(from, to, value);
        return true;
    }

    /// @inheritdoc ILiquidityToken
    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    /// @inheritdoc ILiquidityToken
    function balanceOf(address owner) external view returns (uint256) {
        // What is locked needs no storage: it is there as soon as there is any liquidity.
        if (owner == address(0) && totalSupply != 0) return _balances[owner] + LOCKED_LIQUIDITY;
        return _balances[owner];
    }

    /* INTERNAL */

    /// @dev Takes `value` from `from`, without touching the supply.
    function _debit(address from, uint256 value) internal {
        uint256 balance = _balances[from];
        if (balance < value) revert ERC20InsufficientBalance(from, balance, value);
        unchecked {
            _balances[from] = balance - value;
        }
    }

    /// @dev Gives `value` to `to`. Can't overflow: balances sum to the supply.
    function _credit(address to, uint256 value) internal {
        unchecked {
            _balances[to] += value;
        }
    }

    /* PRIVATE */

    function _transfer(address from, address to, uint256 value) private {
        _debit(from, value);
        _credit(to, value);
        emit Transfer(from, to, value);
    }
}
