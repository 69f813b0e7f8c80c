// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IPPDLRegistry} from "../interfaces/IPPDLRegistry.sol";
import {Demands} from "./Demands.sol";
import {Evidence} from "./Evidence.sol";

/// @title PPDLChallenges
/// @notice Documented in IPPDLChallenges.
contract PPDLChallenges is Demands {
    /* CONSTRUCTOR */

    /// @param weights How many weights the model has.
    /// @param t5 The deployed PoseidonT5.
    constructor(IPPDLRegistry registry, uint256 weights, address t5) Evidence(registry, weights, t5) {}
}
