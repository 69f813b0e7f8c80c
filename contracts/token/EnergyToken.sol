// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IEnergyToken} from "../interfaces/IEnergyToken.sol";
import {ITransferPolicy} from "../interfaces/ITransferPolicy.sol";

/// @title EnergyToken
/// @notice One microgrid's kilowatt-hours; documented in IEnergyToken.
contract EnergyToken is ERC20Permit, AccessControl, Pausable, IEnergyToken {
    /* STORAGE */

    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");
    bytes32 public constant BURNER_ROLE = keccak256("BURNER_ROLE");
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @inheritdoc IEnergyToken
    /// @dev Shares its slot with the pause flag, so that a transfer reads both at once.
    ITransferPolicy public transferPolicy;

    /* CONSTRUCTOR */

    /// @param admin Grants the roles and sets the policy.
    constructor(
        string memory name_,
        string memory symbol_,
        address admin
    ) ERC20(name_, symbol_) ERC20Permit(name_) {
        if (admin == address(0)) revert AdministratorMissing();
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    /* EXTERNAL */

    /// @inheritdoc IEnergyToken
    function setTransferPolicy(ITransferPolicy policy) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (address(policy) != address(0) && address(policy).code.length == 0) revert PolicyWithoutCode(policy);
        transferPolicy = policy;
        emit TransferPolicyChanged(policy);
    }

    /// @inheritdoc IEnergyToken
    function mint(address to, uint256 amount) external onlyRole(MINTER_ROLE) {
        _mint(to, amount);
    }

    /// @inheritdoc IEnergyToken
    function burn(uint256 amount) external onlyRole(BURNER_ROLE) {
        _burn(msg.sender, amount);
    }

    /// @inheritdoc IEnergyToken
    function burnFrom(address from, uint256 amount) external onlyRole(BURNER_ROLE) {
        _spendAllowance(from, msg.sender, amount);
        _burn(from, amount);
    }

    /// @inheritdoc IEnergyToken
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @inheritdoc IEnergyToken
    function unpause() external onlyRole(PAUSER_ROLE) {
        _unpause();
    }

    /* INTERNAL */

    /// @dev Minting and burning don't ask the policy: it decides who may trade, not what was metered.
    function _update(address from, address to, uint256 amount) internal override whenNotPaused {
        ITransferPolicy policy = transferPolicy;
        if (address(policy) != address(0) && from != address(0) && to != address(0)) {
            if (!policy.allowsTransfer(from, to, amount)) revert TransferRefused(policy, from, to, amount);
        }
        super._update(from, to, amount);
    }

    /// @dev Keeps the power to pause apart from every other role.
    function _grantRole(bytes32 role, address account) internal override returns (bool) {
        bool conflicts = role == PAUSER_ROLE
            ? hasRole(DEFAULT_ADMIN_ROLE, account) ||
                hasRole(MINTER_ROLE, account) ||
                hasRole(BURNER_ROLE, account)
            : hasRole(PAUSER_ROLE, account);
        if (conflicts) revert ConflictingRoles(account);
        return super._grantRole(role, account);
    }
}
