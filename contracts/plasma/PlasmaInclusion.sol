// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BlockProof, IPlasmaInclusion, Log, ReceiptProof, SlotProof} from "../interfaces/IPlasmaInclusion.sol";
import {IPlasmaRoot} from "../interfaces/IPlasmaRoot.sol";
import {Inclusion} from "./Inclusion.sol";
import {Trie} from "./Trie.sol";

/// @title PlasmaInclusion
/// @notice Shows other contracts what happened on the plasma chain; documented in IPlasmaInclusion.
contract PlasmaInclusion is IPlasmaInclusion {
    /* STORAGE */

    IPlasmaRoot private immutable ROOT;
    uint256 private immutable CHILD_CHAIN_ID;

    /* CONSTRUCTOR */

    constructor(IPlasmaRoot root, uint256 childChainId) {
        ROOT = root;
        CHILD_CHAIN_ID = childChainId;
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaInclusion
    function verifyBlock(BlockProof calldata proof) external view returns (bool isFinal) {
        return _check(proof);
    }

    /// @inheritdoc IPlasmaInclusion
    function verifyTransaction(
        ReceiptProof calldata proof
    ) external view returns (bytes memory transaction, bool isFinal) {
        isFinal = _check(proof.blockProof);
        transaction = Trie.item(proof.blockProof.leaf.transactionsRoot, proof.index, proof.nodes);
    }

    /// @inheritdoc IPlasmaInclusion
    function verifyReceipt(
        ReceiptProof calldata proof
    ) external view returns (bool success, bytes memory receipt, bool isFinal) {
        isFinal = _check(proof.blockProof);
        receipt = Trie.item(proof.blockProof.leaf.receiptsRoot, proof.index, proof.nodes);
        (success, ) = Trie.receipt(receipt);
    }

    /// @inheritdoc IPlasmaInclusion
    function verifyLog(
        ReceiptProof calldata proof,
        uint256 logIndex
    ) external view returns (Log memory log, bool isFinal) {
        isFinal = _check(proof.blockProof);
        log = Inclusion.logOf(proof, logIndex);
    }

    /// @inheritdoc IPlasmaInclusion
    function verifySlot(SlotProof calldata proof) external view returns (uint256 value, bool isFinal) {
        isFinal = _check(proof.blockProof);
        bytes32 stateRoot = proof.blockProof.leaf.stateRoot;
        bytes32 storageRoot = Trie.account(stateRoot, proof.account, proof.accountNodes).storageRoot;
        value = Trie.slot(storageRoot, proof.slot, proof.slotNodes);
    }

    /// @inheritdoc IPlasmaInclusion
    function verifyAccount(
        BlockProof calldata proof,
        address account,
        bytes[] calldata nodes
    ) external view returns (uint256 nonce, uint256 balance, bytes32 storageRoot, bytes32 codeHash, bool isFinal) {
        isFinal = _check(proof);
        Trie.Account memory found = Trie.account(proof.leaf.stateRoot, account, nodes);
        return (found.nonce, found.balance, found.storageRoot, found.codeHash, isFinal);
    }

    /* PRIVATE */

    function _check(BlockProof calldata proof) private view returns (bool isFinal) {
        ROOT.requireSubmitted(proof.submission);
        Inclusion.requireBlock(CHILD_CHAIN_ID, proof);
        return proof.submission.checkpoint.epoch <= ROOT.finalEpoch();
    }
}
