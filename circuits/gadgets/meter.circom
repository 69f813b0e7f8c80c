pragma circom 2.2.3;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/poseidon.circom";
include "../parameters.circom";
include "merkle.circom";

// A meter of the registration tree, by who knows its secret.
template RegisteredMeter() {
    // private
    signal input secret;
    signal input microgrid;
    signal input capacity;                             // Wh an epoch, below 2^32: the registry has checked it
    signal input index;
    signal input siblings[REGISTRATION_TREE_DEPTH()];
    // output
    signal output commitment;
    signal output registrationRoot;

    commitment <== Poseidon(2)([TAG_METER(), secret]);
    signal leaf <== Poseidon(3)([commitment, microgrid, capacity]);
    signal bits[REGISTRATION_TREE_DEPTH()] <== Num2Bits(REGISTRATION_TREE_DEPTH())(index);
    registrationRoot <== MerkleRoot(REGISTRATION_TREE_DEPTH())(leaf, bits, siblings);
}

// Both readings in one field element: sums of packed readings are packed sums.
template PackedReading(bits) {
    // private
    signal input exported; // Wh
    signal input imported; // Wh
    // output
    signal output packed;

    _ <== Num2Bits(bits)(exported);
    _ <== Num2Bits(bits)(imported);
    packed <== exported + imported * 2 ** SUM_SHIFT();
}

// A reading of the epoch's Merkle-sum tree. Source: Maxwell's proof of liabilities, with each child's sum hashed on its
// own, so that what can be proven never exceeds the published total.
template PublishedReading() {
    // public in every circuit that uses it
    signal input epoch;
    // private
    signal input commitment;                               // the meter's
    signal input exported;
    signal input imported;
    signal input index;
    signal input siblingHashes[READINGS_TREE_DEPTH()];
    signal input siblingExported[READINGS_TREE_DEPTH()];
    signal input siblingImported[READINGS_TREE_DEPTH()];
    // output
    signal output readingsRoot;                            // Poseidon(hash of the root node, packed totals)

    signal hashes[READINGS_TREE_DEPTH() + 1];
    signal sums[READINGS_TREE_DEPTH() + 1];
    signal siblingSums[READINGS_TREE_DEPTH()];
    signal leftHashes[READINGS_TREE_DEPTH()];
    signal leftSums[READINGS_TREE_DEPTH()];

    // 1. The leaf: three inputs, where a node has four
    sums[0] <== PackedReading(READING_BITS())(exported, imported);
    hashes[0] <== Poseidon(3)([commitment, epoch, sums[0]]);

    // 2. The path; no sibling's sum is negative
    signal bits[READINGS_TREE_DEPTH()] <== Num2Bits(READINGS_TREE_DEPTH())(index);
    for (var level = 0; level < READINGS_TREE_DEPTH(); level++) {
        siblingSums[level] <== PackedReading(SUM_BITS())(siblingExported[level], siblingImported[level]);
        leftHashes[level] <== hashes[level] + bits[level] * (siblingHashes[level] - hashes[level]);
        leftSums[level] <== sums[level] + bits[level] * (siblingSums[level] - sums[level]);
        sums[level + 1] <== sums[level] + siblingSums[level];
        hashes[level + 1] <== Poseidon(4)([
            leftHashes[level],
            leftSums[level],
            hashes[level] + siblingHashes[level] - leftHashes[level],
            sums[level + 1] - leftSums[level]
        ]);
    }
    readingsRoot <== Poseidon(2)([hashes[READINGS_TREE_DEPTH()], sums[READINGS_TREE_DEPTH()]]);
}
