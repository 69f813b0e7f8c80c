pragma circom 2.2.3;

include "circomlib/circuits/poseidon.circom";

// So many whole parts hold a count.
function partsOf(count, size) {
    return (count + size - 1) \ size;
}

// The root over so many leaves, four children a node, missing ones 0. The count is the circuit's, so a node can't pass for
// a leaf.
template QuaternaryRoot(count) {
    // private
    signal input leaves[count];
    // output
    signal output root;

    if (count == 1) {
        root <== leaves[0];
    } else {
        signal children[partsOf(count, 4)][4];
        signal nodes[partsOf(count, 4)];
        for (var parent = 0; parent < partsOf(count, 4); parent++) {
            for (var place = 0; place < 4; place++) {
                var child = 0;
                if (4 * parent + place < count) {
                    child = leaves[4 * parent + place];
                }
                children[parent][place] <== child;
            }
            nodes[parent] <== Poseidon(4)(children[parent]);
        }
        root <== QuaternaryRoot(partsOf(count, 4))(nodes);
    }
}
