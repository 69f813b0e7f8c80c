pragma circom 2.2.3;

include "joinsplit.circom";
include "meter.circom";

// Into how many parts a meter's capacity is divided for a trade in that slot; all slots' parts together are the capacity.
template SlotShare() {
    // private
    signal input slot;
    // output
    signal output parts;

    var shares[4] = SLOT_SHARES();
    signal bits[2] <== Num2Bits(SLOT_BITS())(slot);
    signal both <== bits[0] * bits[1];
    parts <== shares[0] + bits[0] * (shares[1] - shares[0]) + bits[1] * (shares[2] - shares[0])
        + both * (shares[0] - shares[1] - shares[2] + shares[3]);
}

// A joinsplit by the owner of a registered meter, in one of the meter's trade slots of an epoch.
template Trade() {
    // public
    signal input root;
    signal input treeNumber;
    signal input publicAsset;
    signal input publicAmount;
    signal input contextHash;
    signal input epoch;
    signal input cap;               // Wh, at most the slot's share of the capacity; below 2^32: the contract has checked it
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
    signal input meterSecret;
    signal input meterMicrogrid;
    signal input meterCapacity;
    signal input meterIndex;
    signal input meterSiblings[REGISTRATION_TREE_DEPTH()];
    signal input slot;
    // output
    signal output nullifiers[2];
    signal output commitments[3];
    signal output registrationRoot;
    signal output meterNullifier;

    // 1. The meter and its limit
    (_, registrationRoot) <== RegisteredMeter()(
        meterSecret, meterMicrogrid, meterCapacity, meterIndex, meterSiblings
    );
    signal parts <== SlotShare()(slot);
    signal taken <== cap * parts;
    _ <== Num2Bits(READING_BITS())(meterCapacity - taken);
    meterNullifier <== Poseidon(4)([TAG_TRADE(), meterSecret, epoch, slot]);

    // 2. The notes
    (nullifiers, commitments) <== Joinsplit()(
        root, treeNumber, publicAsset, publicAmount, contextHash, asset, spendingKey,
        inputAmounts, inputBlindings, inputIndices, inputSiblings, outputKeys, outputAmounts, relayerVoid
    );
}
