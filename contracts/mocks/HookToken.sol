// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

interface IHook {
    function tokensMoved() external;
}

/// @notice A token that, like ERC-777, calls a contract before and after it moves balances.
contract HookToken is ERC20 {
    IHook public hook;

    constructor(uint256 supply) ERC20("Hook", "HOOK") {
        _mint(msg.sender, supply);
    }

    function setHook(IHook hook_) external {
        hook = hook_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (address(hook) != address(0)) hook.tokensMoved();
        super._update(from, to, amount);
        if (address(hook) != address(0)) hook.tokensMoved();
    }
}
