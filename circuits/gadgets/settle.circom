pragma circom 2.2.3;

include "meter.circom";
include "transaction.circom";

// Burns energy against what a meter imported in an epoch, once, and leaves a receipt that the owner can open.
template Settle() {
    // public
    signal input root;
    signal input treeNumber;
    signal input asset;             // the microgrid's token
    signal input contextHash;
    signal input microgrid;
    signal input epoch;
    // private
    signal input spendingKey;
    signal input inputAmounts[2];
    signal input inputBlindings[2];
    signal input inputIndices[2];
    signal input inputSiblings[2][NOTE_TREE_DEPTH()];
    signal input outputKeys[2];
    signal input outputAmounts[2];
    signal input relayerVoid;
    signal input meterSecret;
    signal input meterCapacity;
    signal input meterIndex;
    signal input meterSiblings[REGISTRATION_TREE_DEPTH()];
    signal input exported;
    signal input imported;
    signal input readingIndex;
    signal input siblingHashes[READINGS_TREE_DEPTH()];
    signal input siblingExported[READINGS_TREE_DEPTH()];
    signal input siblingImported[READINGS_TREE_DEPTH()];
    signal input burned;
    signal input receiptBlinding;
    // output
    signal output nullifiers[2];
    signal output commitments[2];   // change, relayer's
    signal output readingsRoot;
    signal output registrationRoot;
    signal output meterNullifier;
    signal output receipt;          // Poseidon(tag, meter commitment, burned, blinding)

    // 1. The meter, its reading, and no more than it can use
    signal meter;
    (meter, registrationRoot) <== RegisteredMeter()(
        meterSecret, microgrid, meterCapacity, meterIndex, meterSiblings
    );
    readingsRoot <== PublishedReading()(
        epoch, meter, exported, imported, readingIndex, siblingHashes, siblingExported, siblingImported
    );
    _ <== Num2Bits(READING_BITS())(meterCapacity - imported);
    meterNullifier <== Poseidon(3)([TAG_SETTLE(), meterSecret, epoch]);

    // 2. What is burned, at most what was imported
    (nullifiers, commitments) <== Transaction(2, 2)(
        root, treeNumber, contextHash, asset, burned, spendingKey, inputAmounts,
        inputBlindings, inputIndices, inputSiblings, outputKeys, outputAmounts, relayerVoid
    );
    _ <== Num2Bits(AMOUNT_BITS())(imported * WATT_HOUR() - burned);
    receipt <== Poseidon(4)([TAG_RECEIPT(), meter, burned, receiptBlinding]);
}
