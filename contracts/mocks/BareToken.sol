// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @notice Balances and allowances of a token whose functions return what its heirs choose.
abstract contract BareToken {
    string public constant name = "Bare";
    string public constant symbol = "BARE";
    uint8 public constant decimals = 18;

    mapping(address owner => uint256) internal _balances;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    constructor(uint256 supply) {
        _balances[msg.sender] = supply;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function balanceOf(address owner) public view virtual returns (uint256) {
        return _balances[owner];
    }

    function _move(address from, address to, uint256 amount) internal virtual {
        _balances[from] -= amount;
        _balances[to] += amount;
    }

    function _moveFrom(address from, address to, uint256 amount) internal {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }
}
