// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IUniswapFactory} from "../interfaces/IUniswapFactory.sol";

/// @notice A token that creates its exchange in its own constructor, so that nobody else can choose its variant.
contract SelfListingToken is ERC20 {
    constructor(IUniswapFactory factory) ERC20("Self", "SELF") {
        factory.createOracleExchange(address(this));
    }
}
