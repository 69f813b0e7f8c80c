pragma circom 2.2.3;

include "transaction.circom";

// Two notes into three: receiver's, change, relayer's. What leaves is public, and then so is its asset.
template Joinsplit() {
    // public
    signal input root;
    signal input treeNumber;
    signal input publicAsset;
    signal input publicAmount;
    signal input contextHash;
    // private
    signal input asset;
    signal input spendingKey;
    signal input inputAmounts[2];
    signal input inputBlindings[2];
    signal input inputIndices[2];
    signal input inputSiblings[2][NOTE_TREE_DEPTH()];
    signal input outputKeys[3];
    signal input outputAmounts[3];
    signal input relayerVoid;
    // output
    signal output nullifiers[2];
    signal output commitments[3];

    publicAmount * (publicAsset - asset) === 0;
    (nullifiers, commitments) <== Transaction(2, 3)(
        root, treeNumber, contextHash, asset, publicAmount, spendingKey, inputAmounts,
        inputBlindings, inputIndices, inputSiblings, outputKeys, outputAmounts, relayerVoid
    );
}
