// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IUniswapFactory} from "../interfaces/IUniswapFactory.sol";

/// @title UniswapFactory
/// @notice Creates exchanges from blueprints; documented in IUniswapFactory.
contract UniswapFactory is IUniswapFactory {
    /* STORAGE */

    /// @dev First bytes of an EIP-5202 blueprint: version 0, no preamble data. The creation code follows.
    bytes3 private constant BLUEPRINT_PREFIX = 0xFE7100;
    uint256 private constant BLUEPRINT_PREFIX_LENGTH = 3;

    address private immutable DEPLOYER;

    /// @inheritdoc IUniswapFactory
    address public exchangeTemplate;
    /// @inheritdoc IUniswapFactory
    address public oracleTemplate;
    /// @inheritdoc IUniswapFactory
    uint256 public tokenCount;
    /// @inheritdoc IUniswapFactory
    mapping(address token => address exchange) public getExchange;
    /// @inheritdoc IUniswapFactory
    mapping(address exchange => address token) public getToken;
    /// @inheritdoc IUniswapFactory
    mapping(uint256 tokenId => address token) public getTokenWithId;

    /* CONSTRUCTOR */

    constructor() {
        DEPLOYER = msg.sender;
    }

    /* EXTERNAL */

    /// @inheritdoc IUniswapFactory
    function initializeFactory(address template) external {
        _checkTemplate(exchangeTemplate, template);
        exchangeTemplate = template;
    }

    /// @inheritdoc IUniswapFactory
    function initializeOracle(address template) external {
        _checkTemplate(oracleTemplate, template);
        oracleTemplate = template;
    }

    /// @inheritdoc IUniswapFactory
    function createExchange(address token) external returns (address exchange) {
        exchange = _create(exchangeTemplate, token);
    }

    /// @inheritdoc IUniswapFactory
    function createOracleExchange(address token) external returns (address exchange) {
        exchange = _create(oracleTemplate, token);
    }

    /* PRIVATE */

    function _checkTemplate(address current, address template) private view {
        if (msg.sender != DEPLOYER) revert NotDeployer(msg.sender);
        if (current != address(0)) revert AlreadyInitialized(current);
        bytes memory code = template.code;
        if (code.length <= BLUEPRINT_PREFIX_LENGTH || bytes3(code) != BLUEPRINT_PREFIX) {
            revert NotABlueprint(template);
        }
    }

    function _create(address template, address token) private returns (address exchange) {
        if (template == address(0)) revert TemplateNotSet();
        if (token.code.length == 0 && msg.sender != token) revert TokenWithoutCode(token);
        if (getExchange[token] != address(0)) revert ExchangeExists(token, getExchange[token]);

        // The constructor of an exchange takes its token; its factory is whoever creates it.
        bytes memory code = bytes.concat(template.code, abi.encode(token));
        assembly ("memory-safe") {
            exchange := create(
                0,
                add(add(code, 0x20), BLUEPRINT_PREFIX_LENGTH),
                sub(mload(code), BLUEPRINT_PREFIX_LENGTH)
            )
        }
        if (exchange == address(0)) revert CreationFailed(token);

        getExchange[token] = exchange;
        getToken[exchange] = token;
        getTokenWithId[++tokenCount] = token;
        emit NewExchange(token, exchange);
    }
}
