// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Who may trade energy
/// @notice Asked by an EnergyToken on each transfer between two accounts. A policy can refuse a transfer; it can't
/// move, mint or burn anything.
interface ITransferPolicy {
    /// @notice Whether `from` may send `amount` (base units) to `to`.
    function allowsTransfer(address from, address to, uint256 amount) external view returns (bool);
}
