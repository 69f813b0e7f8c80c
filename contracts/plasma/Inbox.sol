// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IPlasmaVault, Message, MessageKind} from "../interfaces/IPlasmaVault.sol";
import {BridgeState} from "./BridgeState.sol";
import {PlasmaLedger} from "./PlasmaLedger.sol";

/// @title Inbox
/// @notice Deposits and forced messages; documented in IPlasmaVault.
abstract contract Inbox is PlasmaLedger {
    using SafeERC20 for IERC20;

    /* STORAGE */

    uint256 private constant MOST_GAS = 2_000_000;
    uint256 private constant MOST_DATA = 8_192;
    uint256 private constant MOST_NAME = 64;

    uint64 private _messages;
    bool internal _closed;
    /// @inheritdoc IPlasmaVault
    address public escape;
    /// @inheritdoc IPlasmaVault
    mapping(uint256 count => bytes32) public inboxHash;

    /* CONSTRUCTOR */

    constructor() {
        inboxHash[0] = BridgeState.INBOX_SEED;
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaVault
    function depositEth(address recipient) external payable returns (uint256 id) {
        id = _deposit(ETH, recipient, msg.value);
    }

    /// @inheritdoc IPlasmaVault
    function depositToken(
        address token,
        address recipient,
        uint256 amount
    ) external nonReentrant returns (uint256 id) {
        id = _deposit(token, recipient, amount);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 current = IERC20(token).balanceOf(address(this));
        uint256 delivered = current > before ? current - before : 0;
        if (delivered != amount) revert WrongDelivery(token, amount, delivered);
    }

    /// @inheritdoc IPlasmaVault
    function forceCall(
        address target,
        uint256 value,
        uint256 gasLimit,
        bytes calldata data
    ) external returns (uint256 id) {
        if (gasLimit > MOST_GAS || data.length > MOST_DATA) revert CallTooLarge(gasLimit, data.length);
        id = _send(MessageKind.Call, target, ETH, value, abi.encode(gasLimit, data));
    }

    /// @inheritdoc IPlasmaVault
    function listToken(address token, uint256 cap) external onlyOwner returns (uint256 id) {
        if (token.code.length == 0 || token == ETH || capOf(token) != 0) revert InvalidToken(token);
        string memory name = IERC20Metadata(token).name();
        string memory symbol = IERC20Metadata(token).symbol();
        if (bytes(name).length > MOST_NAME || bytes(symbol).length > MOST_NAME) revert InvalidToken(token);
        _list(token, cap);
        bytes memory data = abi.encode(name, symbol, IERC20Metadata(token).decimals());
        id = _send(MessageKind.ListToken, address(0), token, 0, data);
    }

    /// @inheritdoc IPlasmaVault
    function connect(address escape_) external onlyOwner {
        if (escape != address(0)) revert AlreadyConnected();
        if (escape_.code.length == 0) revert NotPermitted(escape_);
        escape = escape_;
    }

    /// @inheritdoc IPlasmaVault
    function messageCount() external view returns (uint256) {
        return _messages;
    }

    /* PUBLIC */

    /// @inheritdoc IPlasmaVault
    function requireMessage(uint256 id, Message calldata message) public view {
        if (id >= _messages || BridgeState.chained(inboxHash[id], messageHash(message)) != inboxHash[id + 1]) {
            revert WrongMessage(id);
        }
    }

    /// @inheritdoc IPlasmaVault
    function messageHash(Message memory message) public pure returns (bytes32) {
        return BridgeState.messageHash(message);
    }

    /* PRIVATE */

    function _deposit(address asset, address recipient, uint256 amount) private returns (uint256) {
        if (amount == 0) revert InvalidAmount(0);
        if (recipient == address(0) || recipient == BridgeState.BRIDGE) revert InvalidRecipient(recipient);
        if (capOf(asset) == 0) revert NotListed(asset);
        _receive(asset, amount);
        return _send(MessageKind.Deposit, recipient, asset, amount, "");
    }

    function _send(
        MessageKind kind,
        address recipient,
        address asset,
        uint256 amount,
        bytes memory data
    ) private returns (uint256 id) {
        if (_closed) revert ChainHalted();
        if (escape == address(0)) revert NotConnected(); // nothing comes in that couldn't get out
        id = _messages++;
        Message memory message = Message(kind, msg.sender, recipient, asset, amount, block.timestamp, data);
        inboxHash[id + 1] = BridgeState.chained(inboxHash[id], messageHash(message));
        emit MessageSent(id, kind, msg.sender, message);
    }
}
