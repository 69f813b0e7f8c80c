pragma circom 2.2.3;

include "../gadgets/inference.circom";

component main { public [node] } = Inference();
