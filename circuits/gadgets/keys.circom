pragma circom 2.2.3;

include "circomlib/circuits/poseidon.circom";
include "../parameters.circom";

// The two keys of an owner. Both come from the one spending key, so a note has one nullifier only.
template Keys() {
    // private
    signal input spendingKey;
    // output
    signal output publicKey;    // what notes are made out to
    signal output nullifierKey; // what makes their nullifiers

    publicKey <== Poseidon(2)([TAG_SPENDING_KEY(), spendingKey]);
    nullifierKey <== Poseidon(2)([TAG_NULLIFIER_KEY(), spendingKey]);
}
