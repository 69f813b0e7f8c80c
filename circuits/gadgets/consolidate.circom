pragma circom 2.2.3;

include "transaction.circom";

// Four notes into two: one for the receiver, one for the relayer. Nothing leaves.
template Consolidate() {
    // public
    signal input root;
    signal input treeNumber;
    signal input contextHash;
    // private
    signal input asset;
    signal input spendingKey;
    signal input inputAmounts[4];
    signal input inputBlindings[4];
    signal input inputIndices[4];
    signal input inputSiblings[4][NOTE_TREE_DEPTH()];
    signal input outputKeys[2];
    signal input outputAmounts[2];
    signal input relayerVoid;
    // output
    signal output nullifiers[4];
    signal output commitments[2];

    (nullifiers, commitments) <== Transaction(4, 2)(
        root, treeNumber, contextHash, asset, 0, spendingKey, inputAmounts, inputBlindings,
        inputIndices, inputSiblings, outputKeys, outputAmounts, relayerVoid
    );
}
