// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Poseidon} from "./Poseidon.sol";

/// @title Append-only binary Poseidon tree of up to 24 levels
/// @notice Appends leaves in batches and empties single ones. Level 0 holds the leaves, an empty leaf is 0.
library IncrementalTree {
    /// @param filled Per level, the last complete node that waits for its right sibling.
    struct Tree {
        uint256[24] filled;
    }

    /// @dev Roots of empty subtrees, a word a level: 0, then `Poseidon(zero, zero)` of the level below.
    bytes private constant ZEROS =
        hex"0000000000000000000000000000000000000000000000000000000000000000"
        hex"2098f5fb9e239eab3ceac3f27b81e481dc3124d55ffed523a839ee8446b64864"
        hex"1069673dcdb12263df301a6ff584a7ec261a44cb9dc68df067a4774460b1f1e1"
        hex"18f43331537ee2af2e3d758d50f72106467c6eea50371dd528d57eb2b856d238"
        hex"07f9d837cb17b0d36320ffe93ba52345f1b728571a568265caac97559dbc952a"
        hex"2b94cf5e8746b3f5c9631f4c5df32907a699c58c94b2ad4d7b5cec1639183f55"
        hex"2dee93c5a666459646ea7d22cca9e1bcfed71e6951b953611d11dda32ea09d78"
        hex"078295e5a22b84e982cf601eb639597b8b0515a88cb5ac7fa8a4aabe3c87349d"
        hex"2fa5e5f18f6027a6501bec864564472a616b2e274a41211a444cbe3a99f3cc61"
        hex"0e884376d0d8fd21ecb780389e941f66e45e7acce3e228ab3e2156a614fcd747"
        hex"1b7201da72494f1e28717ad1a52eb469f95892f957713533de6175e5da190af2"
        hex"1f8d8822725e36385200c0b201249819a6e6e1e4650808b5bebc6bface7d7636"
        hex"2c5d82f66c914bafb9701589ba8cfcfb6162b0a12acf88a8d0879a0471b5f85a"
        hex"14c54148a0940bb820957f5adf3fa1134ef5c4aaa113f4646458f270e0bfbfd0"
        hex"190d33b12f986f961e10c0ee44d8b9af11be25588cad89d416118e4bf4ebe80c"
        hex"22f98aa9ce704152ac17354914ad73ed1167ae6596af510aa5b3649325e06c92"
        hex"2a7c7c9b6ce5880b9f6f228d72bf6a575a526f29c66ecceef8b753d38bba7323"
        hex"2e8186e558698ec1c67af9c14d463ffc470043c9c2988b954d75dd643f36b992"
        hex"0f57c5571e9a4eab49e2c8cf050dae948aef6ead647392273546249d1c1ff10f"
        hex"1830ee67b5fb554ad5f63d4388800e1cfe78e310697d46e43c9ce36134f72cca"
        hex"2134e76ac5d21aab186c2be1dd8f84ee880a1e46eaf712f9d371b6df22191f3e"
        hex"19df90ec844ebc4ffeebd866f33859b0c051d8c958ee3aa88f8f8df3db91a5b1"
        hex"18cca2a66b5c0787981e69aefd84852d74af0e93ef4912b4648c05f722efe52b"
        hex"2388909415230d1b4d1304d2d54f473a628338f2efad83fadf05644549d2538d";

    /// @notice Appends leaves; the caller sees to it that they fit.
    /// @param t3 The deployed PoseidonT3.
    /// @param depth Levels below the root.
    /// @param index How many leaves there are already.
    /// @param nodes At least one leaf; overwritten.
    /// @return The new root.
    function append(
        Tree storage self,
        address t3,
        uint256 depth,
        uint256 index,
        uint256[] memory nodes
    ) internal returns (uint256) {
        bytes memory zeros = ZEROS;
        uint256 first = index;
        uint256 end = index + nodes.length; // nodes[0] is node `first` of its level, the last one is `end - 1`
        uint256 complete = end; // nodes of the level without an empty leaf below them
        for (uint256 level = 0; level < depth; level++) {
            // Read before it makes room for the next one that waits.
            uint256 leftOfFirst = first & 1 == 1 ? self.filled[level] : 0;
            if (complete & 1 == 1 && complete > first) self.filled[level] = nodes[complete - 1 - first];

            uint256 parent = first >> 1;
            uint256 parentEnd = (end + 1) >> 1;
            for (uint256 i = parent; i < parentEnd; i++) {
                uint256 left = 2 * i;
                nodes[i - parent] = Poseidon.hash2(
                    t3,
                    left < first ? leftOfFirst : nodes[left - first],
                    left + 1 < end ? nodes[left + 1 - first] : _zero(zeros, level)
                );
            }
            (first, end, complete) = (parent, parentEnd, complete >> 1);
        }
        return nodes[0];
    }

    /// @notice Replaces one leaf. The caller compares `oldRoot` with the tree's root before anything counts.
    /// @param count How many leaves there are.
    /// @param index Of the leaf, below `count`.
    /// @param siblings Its path, lowest level first; `depth` of them.
    /// @return oldRoot The root that the path gives with the old leaf.
    /// @return newRoot The root that it gives with the new one.
    function update(
        Tree storage self,
        address t3,
        uint256 depth,
        uint256 count,
        uint256 index,
        uint256 oldLeaf,
        uint256 newLeaf,
        uint256[] calldata siblings
    ) internal returns (uint256 oldRoot, uint256 newRoot) {
        (oldRoot, newRoot) = (oldLeaf, newLeaf);
        for (uint256 level = 0; level < depth; level++) {
            uint256 complete = count >> level;
            if (complete & 1 == 1 && index == complete - 1) self.filled[level] = newRoot;

            uint256 sibling = siblings[level];
            if (index & 1 == 0) {
                oldRoot = Poseidon.hash2(t3, oldRoot, sibling);
                newRoot = Poseidon.hash2(t3, newRoot, sibling);
            } else {
                oldRoot = Poseidon.hash2(t3, sibling, oldRoot);
                newRoot = Poseidon.hash2(t3, sibling, newRoot);
            }
            index >>= 1;
        }
    }

    /// @dev Root of an empty subtree with `level` levels.
    function _zero(bytes memory zeros, uint256 level) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(zeros, mul(add(level, 1), 0x20)))
        }
    }
}
