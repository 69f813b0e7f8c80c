pragma circom 2.2.3;

include "circomlib/circuits/poseidon.circom";
include "../parameters.circom";
include "packing.circom";
include "perceptron.circom";
include "quaternary.circom";

function LANES_AN_ELEMENT() { return 16; }
function ELEMENTS_A_CHUNK() { return 4; }
function FEATURES_AN_ELEMENT() { return 15; }

// So many whole parts hold a count.
function partsOf(count, size) { return (count + size - 1) \ size; }

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
    var elements = ELEMENTS_A_CHUNK() * partsOf(LANES(), LANES_AN_ELEMENT() * ELEMENTS_A_CHUNK());
    signal packedWeights[elements] <== PackedNumbers(
        LANES(), WEIGHT_BITS(), LANES_AN_ELEMENT(), elements
    )(weights);
    weightHash <== QuaternaryRoot(elements)(packedWeights);

    // 2. The request
    var parts = partsOf(MODEL_INPUTS(), FEATURES_AN_ELEMENT());
    signal packedFeatures[parts] <== PackedNumbers(
        MODEL_INPUTS(), FEATURE_BITS(), FEATURES_AN_ELEMENT(), parts
    )(features);
    signal request[parts + 1];
    for (var part = 0; part < parts; part++) {
        request[part] <== packedFeatures[part];
    }
    request[parts] <== salt;
    featuresHash <== Poseidon(parts + 1)(request);

    // 3. The answer
    signal answer <== Perceptron()(weights, features);
    answerHash <== Poseidon(2)([answer, salt]);
    signal pad <== Poseidon(1)([salt]);
    ciphertext <== answer + pad;

    // 4. No constraint uses the node: its square binds it to the proof.
    signal nodeSquare <== node * node;
}
