pragma circom 2.2.3;

include "../gadgets/issue.circom";

component main { public [microgrid, epoch, asset, contextHash] } = Issue();
