// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Message} from "./IPlasmaVault.sol";

/// @notice A range of blocks of the plasma chain, as the authorities sign it (EIP-712).
/// @param epoch Number of the checkpoint, from 1 on.
/// @param previous EIP-712 struct hash of the checkpoint before it; 0 before the first.
/// @param start First block; one after the last of the checkpoint before. The genesis block is in none.
/// @param end Last block.
/// @param blocksRoot Root of the tree of block leaves (see BlockTree).
/// @param exitRoot Root of PlasmaBridge's exit tree after block `end`.
/// @param exitCount How many exits that tree has.
/// @param inboxConsumed How many messages of the inbox PlasmaBridge had taken after block `end`.
/// @param lastStateRoot State root of block `end`.
/// @param dataHash keccak256 of the blocks' transactions as they are published.
/// @param setId The set of authorities that signs.
struct Checkpoint {
    uint256 epoch;
    bytes32 previous;
    uint256 start;
    uint256 end;
    bytes32 blocksRoot;
    bytes32 exitRoot;
    uint256 exitCount;
    uint256 inboxConsumed;
    bytes32 lastStateRoot;
    bytes32 dataHash;
    uint256 setId;
}

/// @notice A checkpoint as it was accepted. The root chain keeps only its hash: who uses one brings it along.
/// @param submittedAt When it was accepted, in Unix seconds.
/// @param signers A bit for each seat of the set whose authority signed.
struct Submission {
    Checkpoint checkpoint;
    uint256 submittedAt;
    uint256 signers;
}

/// @title Root of the plasma chain: authorities, checkpoints, finality, freeze and halt
/// @notice A checkpoint is accepted with the signatures of a quorum of bonded authorities, and is final when the
/// challenge period is over. A proven fault voids it and all after it, slashes who signed, and leads to the halt.
/// @dev Warning: a quorum can commit a false execution that this contract can't disprove. What limits the harm: every
/// authority executes before it signs, exits wait for finality and are capped, f+1 authorities can freeze, provable
/// faults are slashed, and after a halt everybody can leave with the last final state. It is not trustless.
interface IPlasmaRoot {
    /// @param challengePeriod Seconds from a checkpoint's acceptance until it can be final.
    /// @param rollbackPeriod Seconds after that in which a proven fault still takes finality back.
    /// @param silencePeriod Seconds without a checkpoint after which anyone can halt.
    /// @param inboxPeriod Seconds that a message may be left out before anyone can halt.
    /// @param freezePeriod Seconds that a freeze lasts; as long is the pause until the authorities' next.
    /// @param changePeriod Seconds that a change of the authorities or of a cap is announced before it can hold.
    /// @param bond What an authority must have at stake, in wei.
    struct Rules {
        uint64 challengePeriod;
        uint64 rollbackPeriod;
        uint64 silencePeriod;
        uint64 inboxPeriod;
        uint64 freezePeriod;
        uint64 changePeriod;
        uint128 bond;
    }

    /// @param setId The newest set with this authority in it; 0: none.
    /// @param index Its place in that set.
    /// @param bond What it has at stake, in wei; 0 once it was slashed.
    struct Seat {
        uint64 setId;
        uint8 index;
        uint128 bond;
    }

    /// @notice A checkpoint was accepted.
    event CheckpointSubmitted(uint256 indexed epoch, bytes32 indexed hash, Submission submission);
    /// @notice This checkpoint and all before it are final.
    event CheckpointFinalised(uint256 indexed epoch);
    /// @notice A fault was proven: this checkpoint and all after it are void.
    event CheckpointsVoided(uint256 indexed epoch, address indexed challenger);
    /// @notice Nothing becomes final and nothing is released until then.
    event Frozen(uint256 until);
    /// @notice The chain has ended; what is final up to `finalEpoch` counts.
    event Halted(uint256 finalEpoch);
    /// @notice An authority put something at stake.
    event Bonded(address indexed authority, uint256 amount);
    /// @notice An authority took its bond back.
    event BondWithdrawn(address indexed authority, address to, uint256 amount);
    /// @notice An authority lost its bond.
    event Slashed(address indexed authority, address indexed challenger, uint256 amount);
    /// @notice A set of authorities is announced.
    event AuthoritiesProposed(address[] authorities, uint256 activeFrom);
    /// @notice A set of authorities signs from now on.
    event AuthoritiesActivated(uint256 indexed setId, address[] authorities);
    /// @notice A challenger took its reward.
    event RewardClaimed(address indexed challenger, address to, uint256 amount);

    /// @notice Thrown when a period or the bond is zero, changes come quicker than finality, or a freeze is longer
    /// than the time in which a fault of final checkpoints can be proven.
    error InvalidRules();
    /// @notice Thrown when the other contracts are set again.
    error AlreadyConnected();
    /// @notice Thrown when another contract than the one for it calls.
    error NotPermitted(address sender);
    /// @notice Thrown when nothing more can be done, since the chain has halted.
    error ChainHalted();
    /// @notice Thrown when the chain has not halted.
    error NotHalted();
    /// @notice Thrown while the chain is frozen.
    error ChainFrozen(uint256 until);
    /// @notice Thrown when a fault was proven: only the halt is left.
    error FaultProven();
    /// @notice Thrown when no fault was proven.
    error NoFaultProven();
    /// @notice Thrown when a checkpoint is not the next one.
    error WrongEpoch(uint256 expected, uint256 actual);
    /// @notice Thrown when a checkpoint doesn't extend the last one.
    error WrongPrevious(bytes32 expected, bytes32 actual);
    /// @notice Thrown when a range is empty, too long, or doesn't begin behind the last one.
    error WrongRange(uint256 start, uint256 end);
    /// @notice Thrown when one of a checkpoint's hashes is zero.
    error ZeroRoot();
    /// @notice Thrown when the inbox is not that long, or more was consumed before.
    error WrongInbox(uint256 consumed);
    /// @notice Thrown when a checkpoint names another set than the active one.
    error WrongSet(uint256 expected, uint256 actual);
    /// @notice Thrown when signatures are fewer than asked or not 65 bytes each, or when there are no authorities.
    error WrongSignatureCount(uint256 expected, uint256 actual);
    /// @notice Thrown when the signers are not in strictly ascending order.
    error SignersNotAscending(address signer);
    /// @notice Thrown when a signer is not an authority of the active set, or was slashed.
    error NotAuthority(address signer);
    /// @notice Thrown when no such checkpoint was accepted, or it is void.
    error UnknownSubmission(uint256 epoch);
    /// @notice Thrown when something must wait.
    error TooEarly(uint256 notBefore);
    /// @notice Thrown when it is too late to challenge a checkpoint.
    error ChallengeTooLate(uint256 last);
    /// @notice Thrown when a checkpoint is final already.
    error AlreadyFinal(uint256 epoch);
    /// @notice Thrown when a set has fewer than 4 or more than 64 members, or they are not in ascending order.
    error InvalidSet();
    /// @notice Thrown when no set is announced.
    error NothingProposed();
    /// @notice Thrown when an authority has too little at stake.
    error BondTooSmall(address authority, uint256 bond);
    /// @notice Thrown when there is nothing to withdraw, claim or slash.
    error NothingThere();
    /// @notice Thrown when a recipient can't take ETH.
    error PaymentFailed(address recipient);

    /// @notice Tells the contract, once, the others of this plasma chain. For the owner.
    function connect(address vault, address challenges) external;

    /// @notice Adds to an authority's bond. Anyone may pay it.
    function bond(address authority) external payable;
    /// @notice Pays the caller's bond to `to`, once no set with it can be challenged any more.
    function withdrawBond(address to) external;
    /// @notice Announces a set of authorities, in ascending order. For the owner.
    /// @dev Warning: who chooses the authorities can choose a quorum of liars. Who doesn't trust the next set has
    /// `changePeriod` to leave.
    function proposeAuthorities(address[] calldata authorities) external;
    /// @notice Makes the announced set the one that signs, when its time has come. The first set needn't wait.
    function activateAuthorities() external;

    /// @notice Accepts the next checkpoint.
    /// @param signatures Of `quorum()` authorities at least, 65 bytes each (r, s, v), in ascending order of signers.
    function submitCheckpoint(Checkpoint calldata checkpoint, bytes calldata signatures) external;
    /// @notice Makes a checkpoint final, and all before it. For anyone, when its challenge period is over.
    function finalise(Submission calldata submission) external;
    /// @notice Stops finality and payouts for a while; `faultTolerance() + 1` authorities sign (EIP-712 `Freeze`).
    function freeze(bytes calldata signatures) external;

    /// @notice Ends the chain when no checkpoint came for too long. For anyone, as are the next two.
    function haltSilent() external;
    /// @notice Ends the chain when a message was left out for too long, also if there were no authorities yet.
    /// @param oldest The first message that the newest checkpoint had not consumed.
    function haltIgnored(Message calldata oldest) external;
    /// @notice Ends the chain when a fault was proven and the freeze is over.
    function haltFaulty() external;

    /// @notice Voids a faulty checkpoint and all after it, and slashes who signed it. For the contract of challenges.
    function condemn(Submission calldata submission, address challenger) external;
    /// @notice Slashes an authority that signed two checkpoints of an epoch. For the contract of challenges.
    /// @dev One of the active set also freezes the chain. When f+1 of it did, no quorum says anything: whatever isn't
    /// final is void, and the chain ends. Each counts once in a set, and only with a whole bond at stake.
    function slashEquivocator(uint256 setId, uint256 seat, address challenger) external;
    /// @notice Pays the caller's rewards for challenges to `to`.
    function claimReward(address to) external;

    /// @notice Reverts unless this checkpoint was accepted and isn't void.
    function requireSubmitted(Submission calldata submission) external view;
    /// @notice Reverts unless this checkpoint was accepted, whether or not it is void.
    function requireAccepted(Submission calldata submission) external view;
    /// @notice The last second in which a fault of the newest final checkpoint can be proven; 0: none was final. After
    /// the halt, what is final then is final for good: until then caps hold, and no escape begins.
    function settledAt() external view returns (uint256);
    /// @notice Whether the checkpoint of that epoch is final and nothing hinders that it counts now.
    function isReleasable(uint256 epoch) external view returns (bool);
    /// @notice The newest final epoch; 0: none.
    function finalEpoch() external view returns (uint256);
    /// @notice The newest accepted checkpoint: epoch, last block, when it was accepted, messages consumed.
    function head() external view returns (uint256 epoch, uint256 end, uint256 submittedAt, uint256 inboxConsumed);
    /// @notice EIP-712 struct hash of the newest accepted checkpoint; 0: none.
    function headHash() external view returns (bytes32);
    /// @notice Hash of a submission; 0: none of that epoch.
    function submissionHash(uint256 epoch) external view returns (bytes32);
    /// @notice What an authority signs for a checkpoint.
    function checkpointDigest(Checkpoint calldata checkpoint) external view returns (bytes32);
    /// @notice What an authority signs for the next freeze.
    function freezeDigest() external view returns (bytes32);
    function rules() external view returns (Rules memory);
    function vault() external view returns (address);
    function challenges() external view returns (address);
    function halted() external view returns (bool);
    /// @notice When it halted; 0: it didn't.
    function haltedAt() external view returns (uint256);
    function faultProven() external view returns (bool);
    function frozenUntil() external view returns (uint256);
    /// @notice The active set; 0: none yet.
    function setId() external view returns (uint256);
    function authoritiesOf(uint256 setId) external view returns (address[] memory);
    /// @notice The authority of a place in a set. Reverts if the set has no such place.
    function authorityAt(uint256 setId, uint256 index) external view returns (address);
    /// @notice The announced set and when it can be activated.
    function proposed() external view returns (address[] memory authorities, uint256 activeFrom);
    function seatOf(address authority) external view returns (Seat memory);
    /// @notice How many faulty authorities the active set bears: f, with n >= 3f+1.
    function faultTolerance() external view returns (uint256);
    /// @notice How many signatures a checkpoint needs: n - f, which is 2f+1 of n = 3f+1.
    function quorum() external view returns (uint256);
    function rewardOf(address challenger) external view returns (uint256);
}
