pragma circom 2.2.3;

include "../gadgets/trade.circom";

component main { public [root, treeNumber, publicAsset, publicAmount, contextHash, epoch, cap] } = Trade();
