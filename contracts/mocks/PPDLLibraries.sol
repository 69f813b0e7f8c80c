// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {AliveSet} from "../ppdl/AliveSet.sol";
import {Lanes} from "../ppdl/Lanes.sol";
import {NeighbourGraph} from "../ppdl/NeighbourGraph.sol";

/// @title PPDL's libraries, each function to be called alone
contract PPDLLibraries {
    function add(uint256 left, uint256 right) external pure returns (uint256) {
        return Lanes.add(left, right);
    }

    function negate(uint256 word) external pure returns (uint256) {
        return Lanes.negate(word);
    }

    function stream(bytes32 seed, uint256 chunk, bool negated) external view returns (uint256[8] memory) {
        return Lanes.stream(seed, chunk, negated);
    }

    function updated(int32 weight, int32 sum, uint256 count) external pure returns (int32) {
        return Lanes.updated(weight, sum, count);
    }

    function quantised(uint256[8] calldata chunk) external pure returns (uint256[4] memory) {
        return Lanes.quantised(chunk);
    }

    function place(bytes32 seed, uint256 count, uint256 from) external pure returns (uint256) {
        return NeighbourGraph.place(seed, count, from);
    }

    function atPlace(bytes32 seed, uint256 count, uint256 to) external pure returns (uint256) {
        return NeighbourGraph.atPlace(seed, count, to);
    }

    function neighbour(bytes32 seed, uint256 count, uint256 index, uint256 slot) external pure returns (uint256) {
        return NeighbourGraph.neighbour(seed, count, index, slot);
    }

    function mirrored(uint256 count, uint256 slot) external pure returns (uint256) {
        return NeighbourGraph.mirrored(count, slot);
    }

    function count(bytes calldata set) external pure returns (uint256) {
        return AliveSet.count(set);
    }

    function rankOf(bytes calldata set, uint256 index) external pure returns (uint256) {
        return AliveSet.rankOf(set, index);
    }

    function contains(bytes calldata set, uint256 index) external pure returns (bool) {
        return AliveSet.contains(set, index);
    }
}
