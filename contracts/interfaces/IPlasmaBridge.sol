// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Message} from "./IPlasmaVault.sol";

/// @title The plasma chain's end of the bridge
/// @notice Holds all of the chain's ETH from the genesis on, and gives it out against deposits; makes a token for each
/// one that is listed. What is burned here is paid on the root chain. Its code and state are part of the genesis:
/// `operator` and the hashes of an empty inbox and exit tree stand in storage from the first block on.
/// @dev Warning: the operator can deliver what isn't in the inbox. The authorities don't sign that, and it can be
/// proven on the root chain, since the inbox's running hash differs.
interface IPlasmaBridge {
    /// @notice A message of the inbox was taken; `success`: what it asks for was done.
    event Delivered(uint256 indexed id, bytes32 indexed messageHash, bool success);
    /// @notice Something was burned, to be paid on the root chain. The exit's number, then what it is.
    event ExitBurned(
        uint256 indexed id,
        address indexed asset,
        address indexed recipient,
        address from,
        uint256 amount
    );
    /// @notice A token stands for one of the root chain from now on.
    event TokenListed(address indexed asset, address token);
    /// @notice A deposit that its recipient couldn't take waits for it.
    event Undelivered(address indexed recipient, uint256 amount);
    /// @notice Another account delivers from now on.
    event OperatorChanged(address operator);

    /// @notice Thrown when another account than the operator's calls.
    error NotOperator(address sender);
    /// @notice Thrown when messages are delivered that don't follow those before.
    error WrongFirst(uint256 expected, uint256 actual);
    /// @notice Thrown when a forced call couldn't get the gas it was sent with.
    error TooLittleGas(uint256 needed);
    /// @notice Thrown when a token isn't listed.
    error NotListed(address asset);
    /// @notice Thrown when an amount is zero or above 128 bits.
    error InvalidAmount(uint256 amount);
    /// @notice Thrown when nobody would be paid.
    error InvalidRecipient(address recipient);
    /// @notice Thrown when nothing waits for the caller.
    error NothingThere();
    /// @notice Thrown when an account can't take ETH.
    error PaymentFailed(address recipient);
    /// @notice Thrown when another contract than itself calls.
    error NotPermitted(address sender);

    /// @notice Takes the next messages of the inbox, in order. For the operator.
    /// @param first The number of the first one.
    function deliver(uint256 first, Message[] calldata messages) external;
    /// @notice Burns the ETH sent along, to be paid to `recipient` on the root chain. Returns the exit's number.
    function exitEth(address recipient) external payable returns (uint256 id);
    /// @notice Burns tokens of the caller, to be paid to `recipient` on the root chain.
    /// @param asset The token on the root chain.
    function exitToken(address asset, address recipient, uint256 amount) external returns (uint256 id);
    /// @notice Pays the caller a deposit that it couldn't take, to another account.
    function claimUndelivered(address to) external;
    /// @notice Makes another account the operator. For the operator.
    function changeOperator(address operator) external;

    /// @notice How many messages were taken.
    function inboxConsumed() external view returns (uint256);
    /// @notice Hash of the messages taken, as PlasmaVault has it.
    function inboxHash() external view returns (bytes32);
    function exitCount() external view returns (uint256);
    /// @notice Root of the tree of all exits so far.
    function exitRoot() external view returns (bytes32);
    function operator() external view returns (address);
    /// @notice The token that stands for one of the root chain; 0: not listed.
    function tokenOf(address asset) external view returns (address);
    /// @notice The account with which a sender of forced messages acts here. It can be deposited to.
    function accountOf(address sender) external view returns (address);
    function undelivered(address recipient) external view returns (uint256);
}
