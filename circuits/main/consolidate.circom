pragma circom 2.2.3;

include "../gadgets/consolidate.circom";

component main { public [root, treeNumber, contextHash] } = Consolidate();
