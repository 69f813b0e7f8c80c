pragma circom 2.2.3;

include "circomlib/circuits/bitify.circom";
include "../parameters.circom";
include "keys.circom";
include "note.circom";

// Spends notes of one owner and one asset and makes new ones, the last of them the relayer's, which may be left out.
template Transaction(nInputs, nOutputs) {
    // public in every circuit that uses it
    signal input root;
    signal input treeNumber;
    signal input contextHash;              // binds all that the contract reads beside the proof
    // private
    signal input asset;
    signal input outflow;                  // what leaves the notes
    signal input spendingKey;
    signal input inputAmounts[nInputs];    // 0: no note is spent here
    signal input inputBlindings[nInputs];
    signal input inputIndices[nInputs];
    signal input inputSiblings[nInputs][NOTE_TREE_DEPTH()];
    signal input outputKeys[nOutputs];     // note public keys
    signal input outputAmounts[nOutputs];
    signal input relayerVoid;              // 1: no note for a relayer
    // output, public in every circuit that uses it
    signal output nullifiers[nInputs];
    signal output commitments[nOutputs];   // that of a void note is 0

    // 1. Inputs
    component keys = Keys();
    keys.spendingKey <== spendingKey;
    var inputSum = 0;
    for (var i = 0; i < nInputs; i++) {
        nullifiers[i] <== SpentNote()(
            keys.publicKey, keys.nullifierKey, asset, inputAmounts[i], inputBlindings[i], inputIndices[i],
            inputSiblings[i], root, treeNumber
        );
        inputSum += inputAmounts[i];
    }

    // 2. Outputs
    var outputSum = 0;
    for (var i = 0; i < nOutputs - 1; i++) {
        commitments[i] <== NoteCommitment()(outputKeys[i], asset, outputAmounts[i]);
        outputSum += outputAmounts[i];
    }
    commitments[nOutputs - 1] <== OptionalCommitment()(
        outputKeys[nOutputs - 1], asset, outputAmounts[nOutputs - 1], relayerVoid
    );
    outputSum += outputAmounts[nOutputs - 1];

    // 3. What goes in comes out
    _ <== Num2Bits(AMOUNT_BITS())(outflow);
    inputSum === outputSum + outflow;

    // 4. No constraint uses the context: its square binds it to the proof.
    signal contextSquare <== contextHash * contextHash;
}
