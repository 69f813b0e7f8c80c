/** What the service tells of the model chain. */

import { parseAbiItem, type AbiEvent, type Hex } from "viem";

import type { Model } from "../api/models";
import type { Claim } from "./claim";

/** A loss of 1, as headers write it. */
const LOSS_UNIT = 2 ** 20;

const APPENDED: AbiEvent = parseAbiItem([
  "event HeaderAppended(uint256 indexed number, bytes32 indexed hash, Header header)",
  "struct Header { uint256 number; bytes32 prevHash; uint256 round; bytes32 weightsRoot; bytes32 weightHash; bytes32 testsetHash; bytes32 participantHash; uint64 timestamp; uint32 lossBefore; uint32 lossAfter; bool accepted; }",
]);

interface Header {
  readonly prevHash: Hex;
  readonly round: bigint;
  readonly weightsRoot: Hex;
  readonly weightHash: Hex;
  readonly testsetHash: Hex;
  readonly participantHash: Hex;
  readonly timestamp: bigint;
  readonly lossBefore: number;
  readonly lossAfter: number;
  readonly accepted: boolean;
}

/** All of a header. */
export function modelClaim(told: Model): Claim {
  return {
    place: told.source,
    shown: {
      figureNumber: told.number,
      figureHash: told.hash,
      figurePrevious: told.previous,
      figureRound: told.round,
      figureWeightsRoot: told.weights_root,
      figureWeightHash: told.weight_hash,
      figureTestset: told.testset_hash,
      figureParticipants: told.participant_hash,
      figureBorn: told.born,
      figureLossBefore: told.loss_before,
      figureLossAfter: told.loss_after,
      figureAccepted: told.accepted,
    },
    find: async (witness, { models }) => {
      if (!witness.isOf(models)) return "contract";
      const event = await witness.event<{ number: bigint; hash: Hex; header: Header }>(APPENDED);
      if (typeof event === "string") return event;
      const { number, hash, header } = event;
      return {
        figureNumber: number,
        figureHash: hash,
        figurePrevious: header.prevHash,
        figureRound: header.round,
        figureWeightsRoot: header.weightsRoot,
        figureWeightHash: header.weightHash,
        figureTestset: header.testsetHash,
        figureParticipants: header.participantHash,
        figureBorn: header.timestamp,
        figureLossBefore: header.lossBefore / LOSS_UNIT,
        figureLossAfter: header.lossAfter / LOSS_UNIT,
        figureAccepted: header.accepted,
      };
    },
  };
}
