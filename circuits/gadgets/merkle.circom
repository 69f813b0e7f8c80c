pragma circom 2.2.3;

include "circomlib/circuits/poseidon.circom";

// The root of a binary Poseidon tree from a leaf and its path.
template MerkleRoot(depth) {
    // private
    signal input leaf;
    signal input bits[depth];     // the leaf's index, lowest bit first; the caller has made sure they are bits
    signal input siblings[depth]; // lowest level first
    // output
    signal output root;

    signal nodes[depth + 1];
    signal lefts[depth];
    nodes[0] <== leaf;
    for (var level = 0; level < depth; level++) {
        lefts[level] <== nodes[level] + bits[level] * (siblings[level] - nodes[level]);
        nodes[level + 1] <== Poseidon(2)([lefts[level], nodes[level] + siblings[level] - lefts[level]]);
    }
    root <== nodes[depth];
}
