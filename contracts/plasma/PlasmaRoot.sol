// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Checkpoint, IPlasmaRoot, Submission} from "../interfaces/IPlasmaRoot.sol";
import {IPlasmaVault, Message} from "../interfaces/IPlasmaVault.sol";
import {Authorities} from "./Authorities.sol";
import {CheckpointHash} from "./CheckpointHash.sol";

/// @title PlasmaRoot
/// @notice Checkpoints, finality, freeze and halt; documented in IPlasmaRoot.
contract PlasmaRoot is EIP712, Authorities {
    using CheckpointHash for Checkpoint;
    using CheckpointHash for Submission;

    struct Head {
        uint64 epoch;
        uint64 end;
        uint64 submittedAt;
        uint64 inboxConsumed;
    }

    /* STORAGE */

    uint256 private constant MOST_BLOCKS = 1 << 16;
    bytes32 private constant FREEZE_TYPEHASH = keccak256("Freeze(uint256 setId,uint256 frozenUntil)");

    uint256 private immutable SILENCE_PERIOD;
    uint256 private immutable INBOX_PERIOD;
    uint256 private immutable FREEZE_PERIOD;

    uint64 private _finalEpoch; // shares the slot of the active set
    uint64 private _frozenUntil;
    /// @inheritdoc IPlasmaRoot
    bool public halted;
    /// @inheritdoc IPlasmaRoot
    bool public faultProven;

    Head private _head;
    /// @inheritdoc IPlasmaRoot
    bytes32 public headHash;
    /// @inheritdoc IPlasmaRoot
    mapping(uint256 epoch => bytes32) public submissionHash;

    uint256 private _freezableFrom;
    /// @inheritdoc IPlasmaRoot
    uint256 public settledAt;
    /// @inheritdoc IPlasmaRoot
    uint256 public haltedAt;
    /// @inheritdoc IPlasmaRoot
    address public vault;
    /// @inheritdoc IPlasmaRoot
    address public challenges;

    modifier onlyChallenges() {
        if (msg.sender != challenges) revert NotPermitted(msg.sender);
        _;
    }

    /* CONSTRUCTOR */

    /// @param owner Announces authorities, lists tokens, announces caps.
    constructor(Rules memory rules_, address owner) EIP712("PlasmaRoot", "1") Authorities(rules_, owner) {
        if (
            rules_.challengePeriod == 0 ||
            rules_.silencePeriod == 0 ||
            rules_.inboxPeriod == 0 ||
            rules_.freezePeriod == 0 ||
            rules_.bond == 0 ||
            rules_.rollbackPeriod < rules_.freezePeriod ||
            rules_.changePeriod < rules_.challengePeriod
        ) revert InvalidRules();
        SILENCE_PERIOD = rules_.silencePeriod;
        INBOX_PERIOD = rules_.inboxPeriod;
        FREEZE_PERIOD = rules_.freezePeriod;
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaRoot
    function connect(address vault_, address challenges_) external onlyOwner {
        if (vault != address(0)) revert AlreadyConnected();
        if (vault_.code.length == 0) revert NotPermitted(vault_);
        if (challenges_.code.length == 0) revert NotPermitted(challenges_);
        (vault, challenges) = (vault_, challenges_);
    }

    /// @inheritdoc IPlasmaRoot
    function submitCheckpoint(Checkpoint calldata checkpoint, bytes calldata signatures) external {
        _requireRunning();
        Head memory last = _head;
        if (checkpoint.epoch != last.epoch + 1) revert WrongEpoch(last.epoch + 1, checkpoint.epoch);
        if (checkpoint.previous != headHash) revert WrongPrevious(headHash, checkpoint.previous);
        if (
            checkpoint.start != last.end + 1 ||
            checkpoint.end < checkpoint.start ||
            checkpoint.end - checkpoint.start >= MOST_BLOCKS
        ) revert WrongRange(checkpoint.start, checkpoint.end);
        if (
            checkpoint.blocksRoot == 0 ||
            checkpoint.exitRoot == 0 ||
            checkpoint.lastStateRoot == 0 ||
            checkpoint.dataHash == 0
        ) revert ZeroRoot();
        uint256 consumed = checkpoint.inboxConsumed;
        if (consumed < last.inboxConsumed || consumed > IPlasmaVault(vault).messageCount()) revert WrongInbox(consumed);
        if (checkpoint.setId != _activeSet()) revert WrongSet(_activeSet(), checkpoint.setId);

        bytes32 hash = checkpoint.structHash();
        uint256 signers = _checkSignatures(_hashTypedDataV4(hash), signatures, quorum());
        _head = Head(last.epoch + 1, uint64(checkpoint.end), uint64(block.timestamp), uint64(consumed));
        headHash = hash;
        submissionHash[checkpoint.epoch] = CheckpointHash.submissionHash(hash, block.timestamp, signers);
        emit CheckpointSubmitted(checkpoint.epoch, hash, Submission(checkpoint, block.timestamp, signers));
    }

    /// @inheritdoc IPlasmaRoot
    function finalise(Submission calldata submission) external {
        _requireRunning();
        if (block.timestamp < _frozenUntil) revert ChainFrozen(_frozenUntil);
        uint256 epoch = submission.checkpoint.epoch;
        if (epoch <= _finalEpoch) revert AlreadyFinal(epoch);
        requireSubmitted(submission);
        uint256 matureAt = submission.submittedAt + CHALLENGE_PERIOD;
        if (block.timestamp < matureAt) revert TooEarly(matureAt);
        _finalEpoch = uint64(epoch); // those before it were accepted before it
        settledAt = matureAt + ROLLBACK_PERIOD;
        emit CheckpointFinalised(epoch);
    }

    /// @inheritdoc IPlasmaRoot
    function freeze(bytes calldata signatures) external {
        _requireRunning();
        if (block.timestamp < _freezableFrom) revert TooEarly(_freezableFrom);
        _checkSignatures(freezeDigest(), signatures, faultTolerance() + 1);
        _freeze();
        _freezableFrom = _frozenUntil + FREEZE_PERIOD;
    }

    /// @inheritdoc IPlasmaRoot
    function haltSilent() external {
        _requireRunning();
        uint256 silentFrom = _head.submittedAt + SILENCE_PERIOD;
        if (_head.submittedAt == 0 || block.timestamp < silentFrom) revert TooEarly(silentFrom);
        _halt();
    }

    /// @inheritdoc IPlasmaRoot
    function haltIgnored(Message calldata oldest) external {
        _requireRunning();
        IPlasmaVault(vault).requireMessage(_head.inboxConsumed, oldest);
        uint256 ignoredFrom = oldest.time + INBOX_PERIOD;
        if (block.timestamp < ignoredFrom) revert TooEarly(ignoredFrom);
        _halt();
    }

    /// @inheritdoc IPlasmaRoot
    function haltFaulty() external {
        if (halted) revert ChainHalted();
        if (!faultProven) revert NoFaultProven();
        if (block.timestamp < _frozenUntil) revert TooEarly(_frozenUntil);
        _halt();
    }

    /// @inheritdoc IPlasmaRoot
    function condemn(Submission calldata submission, address challenger) external onlyChallenges {
        requireAccepted(submission);
        uint256 last = submission.submittedAt + CHALLENGE_PERIOD + ROLLBACK_PERIOD;
        if (block.timestamp > last) revert ChallengeTooLate(last);
        // Also after the halt: nobody gets away with a fault by ending the chain.
        bool voids = submission.checkpoint.epoch <= _head.epoch;
        if (voids) _voidFrom(submission.checkpoint.epoch, challenger);
        uint256 slashed = _slashSigners(submission.checkpoint.setId, submission.signers, challenger);
        if (!voids && slashed == 0) revert NothingThere();
    }

    /// @inheritdoc IPlasmaRoot
    function slashEquivocator(uint256 setId, uint256 seat, address challenger) external onlyChallenges {
        bool beyondBelief = _slashOne(setId, seat, challenger);
        if (halted || setId != _activeSet()) return;
        if (beyondBelief) _voidFrom(_finalEpoch + 1, challenger);
        else if (!faultProven) _freeze();
    }

    /// @inheritdoc IPlasmaRoot
    function isReleasable(uint256 epoch) external view returns (bool) {
        if (epoch == 0 || epoch > _finalEpoch) return false;
        return block.timestamp >= _frozenUntil && (halted || !faultProven);
    }

    /// @inheritdoc IPlasmaRoot
    function finalEpoch() external view returns (uint256) {
        return _finalEpoch;
    }

    /// @inheritdoc IPlasmaRoot
    function frozenUntil() external view returns (uint256) {
        return _frozenUntil;
    }

    /// @inheritdoc IPlasmaRoot
    function head() external view returns (uint256 epoch, uint256 end, uint256 submittedAt, uint256 inboxConsumed) {
        return (_head.epoch, _head.end, _head.submittedAt, _head.inboxConsumed);
    }

    /// @inheritdoc IPlasmaRoot
    function checkpointDigest(Checkpoint calldata checkpoint) external view returns (bytes32) {
        return _hashTypedDataV4(checkpoint.structHash());
    }

    /// @inheritdoc IPlasmaRoot
    function rules() external view returns (Rules memory) {
        return
            Rules({
                challengePeriod: uint64(CHALLENGE_PERIOD),
                rollbackPeriod: uint64(ROLLBACK_PERIOD),
                silencePeriod: uint64(SILENCE_PERIOD),
                inboxPeriod: uint64(INBOX_PERIOD),
                freezePeriod: uint64(FREEZE_PERIOD),
                changePeriod: uint64(CHANGE_PERIOD),
                bond: uint128(BOND)
            });
    }

    /* PUBLIC */

    /// @inheritdoc IPlasmaRoot
    function requireSubmitted(Submission calldata submission) public view {
        if (submission.checkpoint.epoch > _head.epoch) revert UnknownSubmission(submission.checkpoint.epoch);
        requireAccepted(submission);
    }

    /// @inheritdoc IPlasmaRoot
    function requireAccepted(Submission calldata submission) public view {
        uint256 epoch = submission.checkpoint.epoch;
        if (submissionHash[epoch] != submission.submissionHash()) revert UnknownSubmission(epoch);
    }

    /// @inheritdoc IPlasmaRoot
    function freezeDigest() public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(FREEZE_TYPEHASH, _activeSet(), _frozenUntil)));
    }

    /* INTERNAL */

    function _requireRunning() internal view override {
        if (halted) revert ChainHalted();
        if (faultProven) revert FaultProven();
    }

    function _startClock() internal override {
        _head.submittedAt = uint64(block.timestamp);
    }

    function _cover(uint256 amount) internal override {
        IPlasmaVault(vault).cover{value: amount}();
    }

    /* PRIVATE */

    function _freeze() private {
        _frozenUntil = uint64(block.timestamp + FREEZE_PERIOD);
        emit Frozen(_frozenUntil);
    }

    /// @dev What was paid for exits of voided epochs is paid: at most the caps of the windows since they were final.
    function _voidFrom(uint256 epoch, address challenger) private {
        if (epoch <= _head.epoch) _head.epoch = uint64(epoch - 1);
        if (epoch <= _finalEpoch) _finalEpoch = uint64(epoch - 1);
        if (!faultProven && !halted) _freeze();
        faultProven = true;
        emit CheckpointsVoided(epoch, challenger);
    }

    function _halt() private {
        halted = true;
        haltedAt = block.timestamp;
        _head.epoch = _finalEpoch;
        _retire();
        IPlasmaVault(vault).close();
        emit Halted(_finalEpoch);
    }
}
