// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Log, ReceiptProof} from "../interfaces/IPlasmaInclusion.sol";
import {IPlasmaRoot, Submission} from "../interfaces/IPlasmaRoot.sol";
import {Exit, IPlasmaVault, Message, MessageKind} from "../interfaces/IPlasmaVault.sol";
import {BridgeState} from "./BridgeState.sol";
import {Inbox} from "./Inbox.sol";
import {Inclusion} from "./Inclusion.sol";
import {MerkleRoot} from "../merkle/MerkleRoot.sol";
import {PlasmaLedger} from "./PlasmaLedger.sol";

/// @title PlasmaVault
/// @notice Exits, and after the halt refunds and escapes; documented in IPlasmaVault.
contract PlasmaVault is Inbox {
    using SafeCast for uint256;

    /// @param epoch The checkpoint it was proven against.
    struct Started {
        uint64 epoch;
        uint128 released;
    }

    /* STORAGE */

    /// @inheritdoc IPlasmaVault
    uint256 public immutable childChainId;

    mapping(bytes32 key => Started) private _exits;
    /// @inheritdoc IPlasmaVault
    mapping(uint256 id => uint256) public refundedOf;

    /* CONSTRUCTOR */

    /// @param window Seconds for which a cap counts.
    /// @param ethCap The most ETH that leaves in a window, in wei.
    constructor(
        IPlasmaRoot root,
        uint256 childChainId_,
        uint256 window,
        uint256 ethCap
    ) PlasmaLedger(root, window, ethCap) {
        childChainId = childChainId_;
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaVault
    function startExit(Exit calldata exit, Submission calldata submission, bytes32[] calldata siblings) external {
        ROOT.requireSubmitted(submission);
        uint256 count = submission.checkpoint.exitCount;
        if (exit.id >= count) revert UnknownExit(exit.id, count);
        bytes32 key = exitKey(exit);
        if (
            siblings.length != BridgeState.EXIT_TREE_DEPTH ||
            MerkleRoot.rootOf(key, exit.id, siblings) != submission.checkpoint.exitRoot
        ) revert InvalidExitProof();
        _start(key, exit, submission.checkpoint.epoch);
    }

    /// @inheritdoc IPlasmaVault
    function startExitByReceipt(ReceiptProof calldata proof, uint256 logIndex) external {
        ROOT.requireSubmitted(proof.blockProof.submission);
        Inclusion.requireBlock(childChainId, proof.blockProof);
        Log memory log = Inclusion.logOf(proof, logIndex);
        if (log.emitter != BridgeState.BRIDGE || !BridgeState.isExitLog(log)) revert NotAnExit();
        Exit memory exit = BridgeState.exitOf(log);
        _start(exitKey(exit), exit, proof.blockProof.submission.checkpoint.epoch);
    }

    /// @inheritdoc IPlasmaVault
    function releaseExit(Exit calldata exit) external returns (uint256 released) {
        bytes32 key = exitKey(exit);
        Started storage started = _exits[key];
        (uint256 epoch, uint256 before) = (started.epoch, started.released);
        if (epoch == 0) revert NotStarted(key);
        if (before == exit.amount) revert AlreadyPaid(key);
        if (!ROOT.isReleasable(epoch)) revert NotReleasable(epoch);
        uint256 left = exit.amount - before;
        released = _closed && block.timestamp > ROOT.settledAt()
            ? _releaseAll(exit.asset, exit.recipient, left)
            : _releaseCapped(exit.asset, exit.recipient, left);
        started.released = uint128(before + released);
        emit ExitReleased(key, exit.recipient, exit.asset, released, left - released);
    }

    /// @inheritdoc IPlasmaVault
    function refund(uint256 id, Message calldata message, Submission calldata submission) external {
        if (!_closed) revert NotHalted();
        uint256 finalEpoch = ROOT.finalEpoch();
        if (finalEpoch != 0) {
            if (submission.checkpoint.epoch != finalEpoch) revert IPlasmaRoot.UnknownSubmission(finalEpoch);
            ROOT.requireSubmitted(submission);
            if (id < submission.checkpoint.inboxConsumed) revert MessageConsumed(id);
        }
        requireMessage(id, message);
        if (message.kind != MessageKind.Deposit) revert WrongMessage(id);
        uint256 left = message.amount - refundedOf[id];
        if (left == 0) revert AlreadyPaid(bytes32(id));
        uint256 paid = _releaseAll(message.asset, message.sender, left);
        refundedOf[id] += paid;
        emit DepositRefunded(id, message.sender, message.asset, paid);
    }

    /// @inheritdoc IPlasmaVault
    function payEscape(address asset, address recipient, uint256 amount) external returns (uint256 paid) {
        if (msg.sender != escape) revert NotPermitted(msg.sender);
        if (!_closed) revert NotHalted();
        paid = _releaseAll(asset, recipient, amount);
        emit Escaped(recipient, asset, paid);
    }

    /// @inheritdoc IPlasmaVault
    function close() external {
        if (msg.sender != address(ROOT)) revert NotPermitted(msg.sender);
        _closed = true;
    }

    /// @inheritdoc IPlasmaVault
    function cover() external payable {
        if (msg.sender != address(ROOT)) revert NotPermitted(msg.sender);
        _receive(ETH, msg.value);
    }

    /// @inheritdoc IPlasmaVault
    function exitOf(bytes32 key) external view returns (uint256 epoch, uint256 released) {
        return (_exits[key].epoch, _exits[key].released);
    }

    /* PUBLIC */

    /// @inheritdoc IPlasmaVault
    /// @dev Also the exit's leaf: two burns are never the same, since their numbers differ.
    function exitKey(Exit memory exit) public view returns (bytes32) {
        return BridgeState.exitLeaf(childChainId, exit);
    }

    /* PRIVATE */

    /// @dev An exit can be proven again with an earlier checkpoint, so that it isn't lost with a later one that is
    /// voided; never with a later one, which would only make it wait longer.
    function _start(bytes32 key, Exit memory exit, uint256 epoch) private {
        if (exit.amount == 0 || exit.amount > type(uint128).max) revert InvalidAmount(exit.amount);
        Started storage started = _exits[key];
        if (started.epoch != 0 && started.epoch <= epoch) revert AlreadyStarted(key, started.epoch);
        started.epoch = epoch.toUint64();
        emit ExitStarted(key, epoch, exit.recipient, exit);
    }
}
