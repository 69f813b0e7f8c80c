pragma circom 2.2.3;

include "../gadgets/joinsplit.circom";

component main { public [root, treeNumber, publicAsset, publicAmount, contextHash] } = Joinsplit();
