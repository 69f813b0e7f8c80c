// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ILiquidityToken} from "../interfaces/ILiquidityToken.sol";
import {Wallet} from "./Wallet.sol";

/// @notice Notes the reserves and the supply of an exchange at the moment it is paid ETH.
contract Valuer is Wallet {
    ILiquidityToken public exchange;
    IERC20 public token;
    uint256 public eth;
    uint256 public tokens;
    uint256 public supply;

    receive() external payable override {
        if (address(exchange) != address(0)) _note();
    }

    function watch(ILiquidityToken exchange_, IERC20 token_) external {
        exchange = exchange_;
        token = token_;
    }

    function _note() private {
        eth = address(exchange).balance;
        tokens = token.balanceOf(address(exchange));
        supply = exchange.totalSupply();
    }
}
