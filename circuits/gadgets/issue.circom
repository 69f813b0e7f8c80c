pragma circom 2.2.3;

include "meter.circom";
include "note.circom";

// A meter's exported energy of an epoch, once, as a note for its owner and one for the relayer.
template Issue() {
    // public
    signal input microgrid;
    signal input epoch;
    signal input asset;             // the microgrid's token
    signal input contextHash;
    // private
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
    signal input outputKeys[2];
    signal input outputAmounts[2];
    signal input relayerVoid;
    // output
    signal output readingsRoot;
    signal output registrationRoot;
    signal output commitments[2];   // owner's, relayer's
    signal output meterNullifier;

    // 1. The meter, its reading, and no more than it can feed in
    signal meter;
    (meter, registrationRoot) <== RegisteredMeter()(
        meterSecret, microgrid, meterCapacity, meterIndex, meterSiblings
    );
    readingsRoot <== PublishedReading()(
        epoch, meter, exported, imported, readingIndex, siblingHashes, siblingExported, siblingImported
    );
    _ <== Num2Bits(READING_BITS())(meterCapacity - exported);
    meterNullifier <== Poseidon(3)([TAG_ISSUE(), meterSecret, epoch]);

    // 2. The notes
    commitments[0] <== NoteCommitment()(outputKeys[0], asset, outputAmounts[0]);
    commitments[1] <== OptionalCommitment()(outputKeys[1], asset, outputAmounts[1], relayerVoid);
    exported * WATT_HOUR() === outputAmounts[0] + outputAmounts[1];

    // 3. No constraint uses the context: its square binds it to the proof.
    signal contextSquare <== contextHash * contextHash;
}
