// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title ERC-20 of an exchange's liquidity, with the `bytes32` name and symbol of Uniswap V1
/// @notice Transfer and allowance errors are those of ERC-6093.
interface ILiquidityToken {
    /// @notice ERC-20.
    event Transfer(address indexed _from, address indexed _to, uint256 _value);
    /// @notice ERC-20.
    event Approval(address indexed _owner, address indexed _spender, uint256 _value);

    /// @notice "Uniswap V1", left-aligned.
    function name() external view returns (bytes32);
    /// @notice "UNI-V1", left-aligned.
    function symbol() external view returns (bytes32);
    /// @notice 18.
    function decimals() external view returns (uint256);
    /// @notice All liquidity, the locked part included.
    function totalSupply() external view returns (uint256);
    /// @notice The liquidity of `owner`; of the zero address: what is locked for good.
    function balanceOf(address owner) external view returns (uint256);
    /// @notice What `spender` may still take from `owner`; every use reduces it, as in V1.
    function allowance(address owner, address spender) external view returns (uint256);
    /// @notice ERC-20.
    function transfer(address to, uint256 value) external returns (bool);
    /// @notice ERC-20.
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    /// @notice ERC-20.
    function approve(address spender, uint256 value) external returns (bool);
}
