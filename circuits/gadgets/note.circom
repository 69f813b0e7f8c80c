pragma circom 2.2.3;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/poseidon.circom";
include "../parameters.circom";
include "merkle.circom";

// The commitment of a note. Three inputs, where a node of the tree has two: a node can't pass for a note.
template NoteCommitment() {
    // private
    signal input notePublicKey; // Poseidon(public key, blinding)
    signal input asset;         // the token's address
    signal input amount;        // in base units, range-checked here
    // output
    signal output commitment;

    _ <== Num2Bits(AMOUNT_BITS())(amount);
    commitment <== Poseidon(3)([notePublicKey, asset, amount]);
}

// A note that is spent: it belongs to the owner of the keys and lies under the root, unless its amount is 0.
template SpentNote() {
    // private
    signal input publicKey;
    signal input nullifierKey;
    signal input asset;
    signal input amount;
    signal input blinding;
    signal input index;                         // of the leaf within its tree
    signal input siblings[NOTE_TREE_DEPTH()];
    signal input root;
    signal input treeNumber;
    // output
    signal output nullifier;

    signal notePublicKey <== Poseidon(2)([publicKey, blinding]);
    signal commitment <== NoteCommitment()(notePublicKey, asset, amount);

    // 1. The path, with every bit of the index: another index would be another nullifier.
    signal bits[NOTE_TREE_DEPTH()] <== Num2Bits(NOTE_TREE_DEPTH())(index);
    signal computedRoot <== MerkleRoot(NOTE_TREE_DEPTH())(commitment, bits, siblings);
    amount * (computedRoot - root) === 0;

    // 2. The nullifier, bound to the note's place among the leaves of all trees.
    nullifier <== Poseidon(3)([nullifierKey, commitment, treeNumber * 2 ** NOTE_TREE_DEPTH() + index]);
}

// The commitment of a note that may be left out: 0 then, and its amount must be 0.
template OptionalCommitment() {
    // private
    signal input notePublicKey;
    signal input asset;
    signal input amount;
    signal input isVoid;
    // output
    signal output commitment;

    isVoid * (isVoid - 1) === 0;
    isVoid * amount === 0;
    signal whole <== NoteCommitment()(notePublicKey, asset, amount);
    commitment <== (1 - isVoid) * whole;
}
