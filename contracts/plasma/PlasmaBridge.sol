// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {MerkleTree} from "@openzeppelin/contracts/utils/structs/MerkleTree.sol";
import {IBridgedToken, ITokenSource} from "../interfaces/IBridgedToken.sol";
import {IPlasmaBridge} from "../interfaces/IPlasmaBridge.sol";
import {Exit, Message, MessageKind} from "../interfaces/IPlasmaVault.sol";
import {BridgedToken} from "./BridgedToken.sol";
import {BridgeState} from "./BridgeState.sol";
import {MerkleRoot} from "../merkle/MerkleRoot.sol";
import {RemoteAccount} from "./RemoteAccount.sol";

/// @title PlasmaBridge
/// @notice Documented in IPlasmaBridge. No constructor ever runs: it is part of the genesis.
contract PlasmaBridge is IPlasmaBridge, ITokenSource {
    using MerkleTree for MerkleTree.Bytes32PushTree;

    struct Counters {
        uint128 messages;
        uint64 exits;
        bool begun;
    }

    /* STORAGE */

    address private constant ETH = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE;
    uint256 private constant DEPOSIT_GAS = 100_000;

    /// @dev The first slots are proven on the root chain: BridgeState names them.
    Counters private _counters;
    /// @inheritdoc IPlasmaBridge
    bytes32 public inboxHash;
    /// @inheritdoc IPlasmaBridge
    bytes32 public exitRoot;
    /// @inheritdoc IPlasmaBridge
    address public operator;

    /// @dev Set up in the genesis, with EXIT_TREE_DEPTH levels.
    MerkleTree.Bytes32PushTree private _exitTree;
    Listing private _listing;
    /// @inheritdoc IPlasmaBridge
    mapping(address asset => address) public tokenOf;
    /// @inheritdoc IPlasmaBridge
    mapping(address recipient => uint256) public undelivered;

    modifier onlyOperator() {
        if (msg.sender != operator) revert NotOperator(msg.sender);
        _;
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaBridge
    function deliver(uint256 first, Message[] calldata messages) external onlyOperator {
        if (first != _counters.messages) revert WrongFirst(_counters.messages, first);
        for (uint256 i = 0; i < messages.length; i++) {
            bytes32 hash = BridgeState.messageHash(messages[i]);
            inboxHash = BridgeState.chained(inboxHash, hash);
            _counters.messages++; // before anything is called
            emit Delivered(first + i, hash, _perform(messages[i]));
        }
    }

    /// @inheritdoc IPlasmaBridge
    function exitEth(address recipient) external payable returns (uint256 id) {
        id = _exit(ETH, recipient, msg.value);
    }

    /// @inheritdoc IPlasmaBridge
    function exitToken(address asset, address recipient, uint256 amount) external returns (uint256 id) {
        address token = tokenOf[asset];
        if (token == address(0)) revert NotListed(asset);
        id = _exit(asset, recipient, amount);
        IBridgedToken(token).burn(msg.sender, amount);
    }

    /// @inheritdoc IPlasmaBridge
    function claimUndelivered(address to) external {
        uint256 amount = undelivered[msg.sender];
        if (amount == 0) revert NothingThere();
        undelivered[msg.sender] = 0;
        (bool taken, ) = to.call{value: amount}("");
        if (!taken) revert PaymentFailed(to);
    }

    /// @inheritdoc IPlasmaBridge
    function changeOperator(address operator_) external onlyOperator {
        operator = operator_;
        emit OperatorChanged(operator_);
    }

    /// @inheritdoc IPlasmaBridge
    function inboxConsumed() external view returns (uint256) {
        return _counters.messages;
    }

    /// @inheritdoc IPlasmaBridge
    function exitCount() external view returns (uint256) {
        return _counters.exits;
    }

    /// @inheritdoc ITokenSource
    function listing() external view returns (Listing memory) {
        return _listing;
    }

    /* PUBLIC */

    /// @inheritdoc IPlasmaBridge
    function accountOf(address sender) public view returns (address) {
        bytes32 codeHash = keccak256(type(RemoteAccount).creationCode);
        return Create2.computeAddress(BridgeState.saltOf(sender), codeHash);
    }

    /* PRIVATE */

    /// @dev Does what a message asks; never reverts, save for a want of gas, so that no message stops the inbox.
    function _perform(Message calldata message) private returns (bool) {
        if (message.kind == MessageKind.Deposit) return _giveOut(message);
        if (message.kind == MessageKind.ListToken) return _list(message);
        return _call(message);
    }

    function _giveOut(Message calldata message) private returns (bool taken) {
        if (message.asset != ETH) {
            IBridgedToken(tokenOf[message.asset]).mint(message.recipient, message.amount);
            return true;
        }
        taken = _callWithGas(message.recipient, message.amount, DEPOSIT_GAS, "");
        if (!taken) {
            undelivered[message.recipient] += message.amount;
            emit Undelivered(message.recipient, message.amount);
        }
    }

    function _list(Message calldata message) private returns (bool) {
        (string memory name, string memory symbol, uint8 decimals) = abi.decode(message.data, (string, string, uint8));
        _listing = Listing(message.asset, name, symbol, decimals);
        address token = address(new BridgedToken{salt: BridgeState.saltOf(message.asset)}());
        delete _listing;
        tokenOf[message.asset] = token;
        emit TokenListed(message.asset, token);
        return true;
    }

    function _call(Message calldata message) private returns (bool) {
        (uint256 gasLimit, bytes memory data) = abi.decode(message.data, (uint256, bytes));
        address account = accountOf(message.sender);
        if (account.code.length == 0) new RemoteAccount{salt: BridgeState.saltOf(message.sender)}();
        bytes memory call = abi.encodeCall(RemoteAccount.execute, (message.recipient, message.amount, data));
        return _callWithGas(account, 0, gasLimit, call);
    }

    /// @dev Calls with exactly that much gas and without taking what comes back; the operator can't make a call fail
    /// by sending too little gas.
    function _callWithGas(
        address target,
        uint256 value,
        uint256 gasLimit,
        bytes memory data
    ) private returns (bool success) {
        // EIP-150 keeps a 64th back; 40,000 are for the call itself and what follows it.
        uint256 needed = (gasLimit * 64) / 63 + 40_000;
        if (gasleft() < needed) revert TooLittleGas(needed);
        assembly ("memory-safe") {
            success := call(gasLimit, target, value, add(data, 0x20), mload(data), 0, 0)
        }
    }

    function _exit(address asset, address recipient, uint256 amount) private returns (uint256 id) {
        if (amount == 0 || amount > type(uint128).max) revert InvalidAmount(amount);
        if (recipient == address(0)) revert InvalidRecipient(recipient);
        id = _counters.exits++;
        Exit memory exit = Exit(id, asset, msg.sender, recipient, amount);
        (, exitRoot) = _exitTree.push(BridgeState.exitLeaf(block.chainid, exit), MerkleRoot.node);
        emit ExitBurned(id, asset, recipient, msg.sender, amount);
    }
}
