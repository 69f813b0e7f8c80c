// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Submission} from "../interfaces/IPlasmaRoot.sol";

/// @notice A root of a plasma chain to which any checkpoint was submitted; none is final.
contract YesRoot {
    uint256 public constant finalEpoch = 0;

    function requireSubmitted(Submission calldata) external pure {}
}
