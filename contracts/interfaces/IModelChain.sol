// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title What a market reads of a model chain
/// @notice A number's model never changes.
interface IModelChain {
    /// @notice Number of the newest header.
    function head() external view returns (uint256);
    /// @notice Hash of a header's model; 0: none of that number.
    function weightHashOf(uint256 number) external view returns (bytes32);
}
