pragma circom 2.2.3;

include "../gadgets/settle.circom";

component main { public [root, treeNumber, asset, contextHash, microgrid, epoch] } = Settle();
