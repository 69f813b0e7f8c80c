// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title A token of the root chain, on the plasma chain
interface IBridgedToken {
    /// @notice Thrown when another contract than the bridge calls.
    error NotBridge(address sender);

    /// @notice For the bridge, against a deposit.
    function mint(address to, uint256 amount) external;
    /// @notice For the bridge, on behalf of who exits.
    function burn(address from, uint256 amount) external;
    /// @notice The token on the root chain.
    function asset() external view returns (address);
}

/// @notice What a token asks whoever makes it, while it is made.
interface ITokenSource {
    struct Listing {
        address asset;
        string name;
        string symbol;
        uint8 decimals;
    }

    function listing() external view returns (Listing memory);
}
