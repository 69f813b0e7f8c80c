// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ITransferPolicy} from "./ITransferPolicy.sol";

/// @title Metered energy of one microgrid
/// @notice ERC-20 with permit (EIP-2612), 18 decimals: one token is one kWh fed into the microgrid.
/// @dev Warning: a minter decides how much energy exists, the administrator who is a minter and which policy
/// holds. A burner burns only what it holds or was allowed to spend. Who may pause holds no other role of
/// this token, so it can stop the token but takes nothing by it; while paused, nothing moves, is minted or is burned.
interface IEnergyToken is IERC20 {
    /// @notice A new policy holds; zero: every transfer is allowed.
    event TransferPolicyChanged(ITransferPolicy indexed policy);

    /// @notice Thrown when the policy refuses a transfer.
    error TransferRefused(ITransferPolicy policy, address from, address to, uint256 amount);
    /// @notice Thrown when an account without code is set as policy.
    error PolicyWithoutCode(ITransferPolicy policy);
    /// @notice Thrown when a token is created with nobody to administer it.
    error AdministratorMissing();
    /// @notice Thrown when an account would be able to pause and hold another role as well.
    error ConflictingRoles(address account);

    /// @notice The policy asked on each transfer, or zero.
    function transferPolicy() external view returns (ITransferPolicy);
    /// @notice Sets the policy; by the administrator.
    function setTransferPolicy(ITransferPolicy policy) external;
    /// @notice Mints energy that was metered; by a minter.
    function mint(address to, uint256 amount) external;
    /// @notice Burns the caller's own energy; by a burner.
    function burn(uint256 amount) external;
    /// @notice Burns energy that `from` allowed the caller to spend; by a burner.
    function burnFrom(address from, uint256 amount) external;
    /// @notice Stops every movement; by a pauser.
    function pause() external;
    /// @notice Ends a pause; by a pauser.
    function unpause() external;
}
