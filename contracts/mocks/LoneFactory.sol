// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {UniswapExchange} from "../exchange/UniswapExchange.sol";

/// @notice Makes an exchange and lists it as the exchange of its token only once it is told to.
contract LoneFactory {
    UniswapExchange public exchange;
    mapping(address token => address) public getExchange;

    constructor(IERC20 token) {
        exchange = new UniswapExchange(token);
    }

    function list(address token, address exchange_) external {
        getExchange[token] = exchange_;
    }
}
