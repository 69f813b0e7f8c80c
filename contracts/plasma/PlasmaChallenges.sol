// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IPlasmaBridge} from "../interfaces/IPlasmaBridge.sol";
import {IPlasmaChallenges, LeafProof} from "../interfaces/IPlasmaChallenges.sol";
import {BlockLeaf, Log, ReceiptProof} from "../interfaces/IPlasmaInclusion.sol";
import {Checkpoint, IPlasmaRoot, Submission} from "../interfaces/IPlasmaRoot.sol";
import {IPlasmaVault} from "../interfaces/IPlasmaVault.sol";
import {BridgeState} from "./BridgeState.sol";
import {CheckpointHash} from "./CheckpointHash.sol";
import {Inclusion} from "./Inclusion.sol";
import {Trie} from "./Trie.sol";

/// @title PlasmaChallenges
/// @notice Documented in IPlasmaChallenges.
contract PlasmaChallenges is IPlasmaChallenges {
    using RLP for bytes;
    using RLP for Memory.Slice;

    /* STORAGE */

    /// @dev How far a block's clock may be ahead of the root chain's when its checkpoint is accepted.
    uint256 private constant MOST_AHEAD = 15 minutes;

    IPlasmaRoot private immutable ROOT;
    IPlasmaVault private immutable VAULT;
    uint256 private immutable CHILD_CHAIN_ID;

    /* CONSTRUCTOR */

    constructor(IPlasmaRoot root, IPlasmaVault vault, uint256 childChainId) {
        ROOT = root;
        VAULT = vault;
        CHILD_CHAIN_ID = childChainId;
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaChallenges
    function proveEquivocation(
        Checkpoint calldata first,
        bytes calldata firstSignature,
        Checkpoint calldata second,
        bytes calldata secondSignature,
        uint256 seat
    ) external {
        if (
            first.epoch != second.epoch ||
            first.setId != second.setId ||
            CheckpointHash.structHash(first) == CheckpointHash.structHash(second)
        ) revert NoFault();
        address signer = ECDSA.recoverCalldata(ROOT.checkpointDigest(first), firstSignature);
        address other = ECDSA.recoverCalldata(ROOT.checkpointDigest(second), secondSignature);
        if (signer != other || signer != ROOT.authorityAt(first.setId, seat)) revert WrongSigner(signer, other);
        emit EquivocationProven(signer, first.epoch, msg.sender);
        ROOT.slashEquivocator(first.setId, seat, msg.sender);
    }

    /// @inheritdoc IPlasmaChallenges
    function proveBrokenLink(LeafProof calldata parent, LeafProof calldata child) external {
        Checkpoint calldata before = parent.submission.checkpoint;
        Checkpoint calldata checkpoint = child.submission.checkpoint;
        bool within = before.epoch == checkpoint.epoch && parent.index + 1 == child.index;
        bool across = before.epoch + 1 == checkpoint.epoch &&
            parent.index == before.end - before.start &&
            child.index == 0;
        if (!within && !across) revert NotAdjacent();
        _requireLeaf(parent);
        _requireLeaf(child);
        if (child.leaf.parentHash == parent.leaf.blockHash && child.leaf.timestamp > parent.leaf.timestamp) {
            revert NoFault();
        }
        _condemn(child.submission, "broken link");
    }

    /// @inheritdoc IPlasmaChallenges
    function proveWrongPlace(LeafProof calldata proof) external {
        _requireLeaf(proof);
        if (
            proof.leaf.number == proof.submission.checkpoint.start + proof.index &&
            proof.leaf.timestamp <= proof.submission.submittedAt + MOST_AHEAD
        ) revert NoFault();
        _condemn(proof.submission, "wrong number or time");
    }

    /// @inheritdoc IPlasmaChallenges
    function proveWrongLeaf(LeafProof calldata proof, bytes calldata header) external {
        _requireLeaf(proof);
        BlockLeaf calldata leaf = proof.leaf;
        if (keccak256(header) != leaf.blockHash) revert WrongHeader();
        Memory.Slice[] memory fields = header.decodeList();
        if (
            leaf.parentHash == fields[0].readBytes32() &&
            leaf.stateRoot == fields[3].readBytes32() &&
            leaf.transactionsRoot == fields[4].readBytes32() &&
            leaf.receiptsRoot == fields[5].readBytes32() &&
            leaf.number == fields[8].readUint256() &&
            leaf.timestamp == fields[11].readUint256()
        ) revert NoFault();
        _condemn(proof.submission, "leaf differs from header");
    }

    /// @inheritdoc IPlasmaChallenges
    function proveWrongState(LeafProof calldata last) external {
        Checkpoint calldata checkpoint = last.submission.checkpoint;
        if (last.index != checkpoint.end - checkpoint.start) revert NotLast(last.index);
        _requireLeaf(last);
        if (last.leaf.stateRoot == checkpoint.lastStateRoot) revert NoFault();
        _condemn(last.submission, "wrong last state root");
    }

    /// @inheritdoc IPlasmaChallenges
    function proveWrongBridge(
        Submission calldata submission,
        bytes[] calldata account,
        bytes[] calldata counters,
        bytes[] calldata inboxHash,
        bytes[] calldata exitRoot
    ) external {
        Checkpoint calldata checkpoint = submission.checkpoint;
        bytes32 storageRoot = Trie.account(checkpoint.lastStateRoot, BridgeState.BRIDGE, account).storageRoot;
        uint256 word = Trie.slot(storageRoot, BridgeState.COUNTERS_SLOT, counters);
        (uint256 consumed, uint256 exits) = (uint128(word), uint64(word >> 128));
        if (
            consumed == checkpoint.inboxConsumed &&
            exits == checkpoint.exitCount &&
            Trie.slot(storageRoot, BridgeState.EXIT_ROOT_SLOT, exitRoot) == uint256(checkpoint.exitRoot) &&
            Trie.slot(storageRoot, BridgeState.INBOX_HASH_SLOT, inboxHash) == uint256(VAULT.inboxHash(consumed))
        ) revert NoFault();
        _condemn(submission, "bridge differs");
    }

    /// @inheritdoc IPlasmaChallenges
    function proveFalseDelivery(ReceiptProof calldata proof, uint256 logIndex) external {
        (uint256 id, bytes32 hash) = _delivery(proof, logIndex);
        bool known = id < VAULT.messageCount();
        if (known && BridgeState.chained(VAULT.inboxHash(id), hash) == VAULT.inboxHash(id + 1)) revert NoFault();
        _condemn(proof.blockProof.submission, "delivered what is not in the inbox");
    }

    /// @inheritdoc IPlasmaChallenges
    function proveDoubleDelivery(
        ReceiptProof calldata first,
        uint256 firstLog,
        ReceiptProof calldata second,
        uint256 secondLog
    ) external {
        (uint256 id, ) = _delivery(first, firstLog);
        (uint256 other, ) = _delivery(second, secondLog);
        (uint256 number, uint256 later) = (first.blockProof.leaf.number, second.blockProof.leaf.number);
        bool same = number == later && first.index == second.index && firstLog == secondLog;
        if (id != other || same || number > later) revert NoFault();
        _condemn(second.blockProof.submission, "delivered twice");
    }

    /* PRIVATE */

    function _condemn(Submission calldata submission, string memory fault) private {
        emit FaultProven(submission.checkpoint.epoch, msg.sender, fault);
        ROOT.condemn(submission, msg.sender);
    }

    function _requireLeaf(LeafProof calldata proof) private view {
        ROOT.requireAccepted(proof.submission);
        Inclusion.requireLeaf(CHILD_CHAIN_ID, proof.submission.checkpoint, proof.leaf, proof.index, proof.siblings);
    }

    /// @dev The number and hash of a message that PlasmaBridge said it took.
    function _delivery(ReceiptProof calldata proof, uint256 logIndex) private view returns (uint256, bytes32) {
        ROOT.requireAccepted(proof.blockProof.submission);
        Inclusion.requireBlock(CHILD_CHAIN_ID, proof.blockProof);
        Log memory log = Inclusion.logOf(proof, logIndex);
        if (
            log.emitter != BridgeState.BRIDGE ||
            log.topics.length != 3 ||
            log.topics[0] != IPlasmaBridge.Delivered.selector
        ) revert NotADelivery();
        return (uint256(log.topics[1]), log.topics[2]);
    }
}
