// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Factory and registry of exchanges: the whole external ABI of Uniswap V1's factory
/// @notice One exchange per token. `createExchange` makes a plain exchange, `createOracleExchange` one that
/// also keeps a time-weighted average price. A template is an EIP-5202 blueprint: creation code that can't
/// be called, so nobody can set it up, take it over or destroy it.
/// @dev Warning: the deployer chooses both templates, once. Whoever trades through a factory trusts that choice.
interface IUniswapFactory {
    /// @notice An exchange was created for a token.
    event NewExchange(address indexed token, address indexed exchange);

    /// @notice Thrown when anyone but the factory's deployer tries to set a template.
    error NotDeployer(address caller);
    /// @notice Thrown when a template is set a second time.
    error AlreadyInitialized(address template);
    /// @notice Thrown when an address given as template holds no EIP-5202 blueprint of version 0 without data.
    error NotABlueprint(address template);
    /// @notice Thrown when an exchange is asked for before its template was set.
    error TemplateNotSet();
    /// @notice Thrown when a token has no code, so that nobody but the token itself, in its constructor, can
    /// occupy the address of a token to come.
    error TokenWithoutCode(address token);
    /// @notice Thrown when a token already has an exchange.
    error ExchangeExists(address token, address exchange);
    /// @notice Thrown when the template's constructor fails.
    error CreationFailed(address token);

    /// @notice Sets the blueprint of plain exchanges, once, by the deployer.
    function initializeFactory(address template) external;
    /// @notice Sets the blueprint of exchanges with a price oracle, once, by the deployer.
    function initializeOracle(address template) external;

    /// @notice Creates the plain exchange of a token. Anyone may call, and so choose the token's variant for good.
    function createExchange(address token) external returns (address exchange);
    /// @notice Creates the exchange of a token, with a price oracle. As `createExchange`.
    function createOracleExchange(address token) external returns (address exchange);

    /// @notice The blueprint of plain exchanges; zero until it is set.
    function exchangeTemplate() external view returns (address);
    /// @notice The blueprint of exchanges with a price oracle; zero until it is set.
    function oracleTemplate() external view returns (address);
    /// @notice The number of exchanges created; ids run from 1.
    function tokenCount() external view returns (uint256);
    /// @notice The exchange of a token, or zero.
    function getExchange(address token) external view returns (address exchange);
    /// @notice The token of an exchange this factory created, or zero.
    function getToken(address exchange) external view returns (address token);
    /// @notice The token whose exchange was created as number `tokenId`, or zero.
    function getTokenWithId(uint256 tokenId) external view returns (address token);
}
