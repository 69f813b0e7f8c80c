pragma circom 2.2.3;

include "circomlib/circuits/poseidon.circom";
include "../parameters.circom";
include "packing.circom";
include "perceptron.circom";
include "quaternary.circom";

function LANES_AN_ELEMENT() { return 16; }
function FEATURES_AN_ELEMENT() { return 15; }

// Of all weights, four a chunk of 64 lanes, and of a request's features.
function WEIGHT_ELEMENTS() { return 4 * partsOf(LANES(), 4 * LANES_AN_ELEMENT()); }
function FEATURE_ELEMENTS() { return partsOf(MODEL_INPUTS(), FEATURES_AN_ELEMENT()); }

// The answer that a model gives for a request's features, for who knows the salt.
template Inference() {
    // public
    signal input node;                         // who answers: another can't use the proof
    // private
    signal input weights[LANES()];
    signal input features[MODEL_INPUTS()];
    signal input salt;
    // output
    signal output weightHash;
    signal output featuresHash;
    signal output answerHash;
    signal output ciphertext;

    // 1. The model: four elements a chunk, and a tree above the chunks
    signal packedWeights[WEIGHT_ELEMENTS()] <== PackedNumbers(
        LANES(), WEIGHT_BITS(), LANES_AN_ELEMENT(), WEIGHT_ELEMENTS()
    )(weights);
    weightHash <== QuaternaryRoot(WEIGHT_ELEMENTS())(packedWeights);

    // 2. The request
    signal packedFeatures[FEATURE_ELEMENTS()] <== PackedNumbers(
        MODEL_INPUTS(), FEATURE_BITS(), FEATURES_AN_ELEMENT(), FEATURE_ELEMENTS()
    )(features);
    signal request[FEATURE_ELEMENTS() + 1];
    for (var part = 0; part < FEATURE_ELEMENTS(); part++) {
        request[part] <== packedFeatures[part];
    }
    request[FEATURE_ELEMENTS()] <== salt;
    featuresHash <== Poseidon(FEATURE_ELEMENTS() + 1)(request);

    // 3. The answer
    signal answer <== Perceptron()(weights, features);
    answerHash <== Poseidon(2)([answer, salt]);
    signal pad <== Poseidon(1)([salt]);
    ciphertext <== answer + pad;

    // 4. No constraint uses the node: its square binds it to the proof.
    signal nodeSquare <== node * node;
}
