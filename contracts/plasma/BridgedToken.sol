// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IBridgedToken, ITokenSource} from "../interfaces/IBridgedToken.sol";

/// @title BridgedToken
/// @notice Documented in IBridgedToken.
/// @dev Its constructor asks the bridge instead of taking arguments, so that its address follows from `asset` alone. It
/// takes any name: one that it refused would stop the inbox. So permits (EIP-712) aren't for the token's own name,
/// which could be too long for that.
contract BridgedToken is ERC20Permit, IBridgedToken {
    /* STORAGE */

    address private immutable BRIDGE;
    uint8 private immutable DECIMALS;

    /// @inheritdoc IBridgedToken
    address public immutable asset;

    modifier onlyBridge() {
        if (msg.sender != BRIDGE) revert NotBridge(msg.sender);
        _;
    }

    /* CONSTRUCTOR */

    constructor() ERC20(_source().name, _source().symbol) ERC20Permit("BridgedToken") {
        BRIDGE = msg.sender;
        DECIMALS = _source().decimals;
        asset = _source().asset;
    }

    /* EXTERNAL */

    /// @inheritdoc IBridgedToken
    function mint(address to, uint256 amount) external onlyBridge {
        _mint(to, amount);
    }

    /// @inheritdoc IBridgedToken
    function burn(address from, uint256 amount) external onlyBridge {
        _burn(from, amount);
    }

    /* PUBLIC */

    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }

    /* PRIVATE */

    function _source() private view returns (ITokenSource.Listing memory) {
        return ITokenSource(msg.sender).listing();
    }
}
