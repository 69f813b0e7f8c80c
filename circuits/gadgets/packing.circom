pragma circom 2.2.3;

include "circomlib/circuits/bitify.circom";

// Signed numbers of so many bits, range-checked here, so many an element, the first lowest, each moved up so that the
// least is 0. What is missing in the last elements is zeros. size * bits is at most 253: no two packings are the same.
template PackedNumbers(count, bits, size, elements) {
    // private
    signal input numbers[count];
    // output
    signal output packed[elements];

    for (var i = 0; i < count; i++) {
        _ <== Num2Bits(bits)(numbers[i] + 2 ** (bits - 1));
    }
    for (var element = 0; element < elements; element++) {
        var sum = 0;
        for (var place = 0; place < size; place++) {
            var number = 0;
            if (element * size + place < count) {
                number = numbers[element * size + place];
            }
            sum += (number + 2 ** (bits - 1)) * 2 ** (bits * place);
        }
        packed[element] <== sum;
    }
}
