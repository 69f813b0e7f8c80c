pragma circom 2.2.3;

include "circomlib/circuits/bitify.circom";
include "../parameters.circom";

// All weights of the perceptron: each layer's matrix row by row, then its biases.
function LANES() {
    return (MODEL_INPUTS() + 1) * FIRST_LAYER() + (FIRST_LAYER() + 1) * SECOND_LAYER() + SECOND_LAYER() + 1;
}

// The largest absolute value of a layer's sum: each weight is at most 2^(WEIGHT_BITS - 1), and so is the bias.
function mostSum(inputs, mostActivation) {
    return 2 ** (WEIGHT_BITS() - 1) * (inputs * mostActivation + 2 ** FEATURE_FRACTION());
}

// The bits of a number.
function widthOf(number) {
    var width = 0;
    while (number >> width > 0) {
        width++;
    }
    return width;
}

// A layer's sums of products. Weights are in units of 2^-WEIGHT_FRACTION, what comes in of 2^-FEATURE_FRACTION.
template Dense(inputs, outputs, start) {
    // private
    signal input weights[LANES()];     // the layer's begin at `start`
    signal input activations[inputs];
    // output
    signal output sums[outputs];       // in units of 2^-(WEIGHT_FRACTION + FEATURE_FRACTION)

    signal products[outputs][inputs];
    for (var row = 0; row < outputs; row++) {
        var sum = weights[start + inputs * outputs + row] * 2 ** FEATURE_FRACTION();
        for (var column = 0; column < inputs; column++) {
            products[row][column] <== weights[start + inputs * row + column] * activations[column];
            sum += products[row][column];
        }
        sums[row] <== sum;
    }
}

// max(sum, 0) >> WEIGHT_FRACTION, rounded down. The sum is at least -2^width and below 2^width.
template Rectified(width) {
    // private
    signal input sum;
    // output
    signal output activation;          // at least 0, in units of 2^-FEATURE_FRACTION

    // Moved up by 2^width, the highest bit tells the sign; if it is set, the others are the sum.
    signal bits[width + 1] <== Num2Bits(width + 1)(sum + 2 ** width);
    var whole = 0;
    for (var place = WEIGHT_FRACTION(); place < width; place++) {
        whole += bits[place] * 2 ** (place - WEIGHT_FRACTION());
    }
    activation <== bits[width] * whole;
}

// The forecast of a perceptron with two hidden layers. The caller has range-checked weights (WEIGHT_BITS) and features
// (FEATURE_BITS); all widths follow from that, and every sum stays far below the modulus.
template Perceptron() {
    // private
    signal input weights[LANES()];
    signal input features[MODEL_INPUTS()];
    // output
    signal output answer;              // signed, in units of 2^-(WEIGHT_FRACTION + FEATURE_FRACTION)

    var mostFirst = mostSum(MODEL_INPUTS(), 2 ** (FEATURE_BITS() - 1));
    var mostSecond = mostSum(FIRST_LAYER(), mostFirst >> WEIGHT_FRACTION());
    var secondStart = (MODEL_INPUTS() + 1) * FIRST_LAYER();
    var lastStart = secondStart + (FIRST_LAYER() + 1) * SECOND_LAYER();

    signal firstSums[FIRST_LAYER()] <== Dense(MODEL_INPUTS(), FIRST_LAYER(), 0)(weights, features);
    signal first[FIRST_LAYER()];
    for (var i = 0; i < FIRST_LAYER(); i++) {
        first[i] <== Rectified(widthOf(mostFirst))(firstSums[i]);
    }
    signal secondSums[SECOND_LAYER()] <== Dense(FIRST_LAYER(), SECOND_LAYER(), secondStart)(weights, first);
    signal second[SECOND_LAYER()];
    for (var i = 0; i < SECOND_LAYER(); i++) {
        second[i] <== Rectified(widthOf(mostSecond))(secondSums[i]);
    }
    signal last[1] <== Dense(SECOND_LAYER(), 1, lastStart)(weights, second);
    answer <== last[0];
}
