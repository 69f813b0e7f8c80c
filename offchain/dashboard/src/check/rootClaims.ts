/** What the service tells of the plasma chain's standing at the root chain. */

import { parseAbi, parseAbiItem, type AbiEvent, type Hex } from "viem";

import type { Checkpoint, Exit, Fault } from "../api/trust";
import { NodeRefusal } from "../chain/node";
import type { Claim, Figures } from "./claim";
import type { Witness } from "./witness";

const STRUCTS = [
  "struct Checkpoint { uint256 epoch; bytes32 previous; uint256 start; uint256 end; bytes32 blocksRoot; bytes32 exitRoot; uint256 exitCount; uint256 inboxConsumed; bytes32 lastStateRoot; bytes32 dataHash; uint256 setId; }",
  "struct Submission { Checkpoint checkpoint; uint256 submittedAt; uint256 signers; }",
] as const;
const SUBMITTED: AbiEvent = parseAbiItem([
  "event CheckpointSubmitted(uint256 indexed epoch, bytes32 indexed hash, Submission submission)",
  ...STRUCTS,
]);
const ROOT = parseAbi([
  "function requireSubmitted(Submission submission) view",
  "function finalEpoch() view returns (uint256)",
  ...STRUCTS,
]);
const FAULTS: { readonly [happened in Fault["happened"]]: AbiEvent } = {
  Frozen: parseAbiItem("event Frozen(uint256 until)"),
  FaultProven: parseAbiItem("event FaultProven(uint256 indexed epoch, address indexed challenger, string fault)"),
  EquivocationProven: parseAbiItem(
    "event EquivocationProven(address indexed authority, uint256 indexed epoch, address indexed challenger)",
  ),
};
const STARTED: AbiEvent = parseAbiItem([
  "event ExitStarted(bytes32 indexed key, uint256 indexed epoch, address indexed recipient, Exit exit)",
  "struct Exit { uint256 id; address asset; address from; address recipient; uint256 amount; }",
]);
const RELEASED: AbiEvent = parseAbiItem(
  "event ExitReleased(bytes32 indexed key, address indexed recipient, address asset, uint256 amount, uint256 left)",
);

interface Submission {
  readonly checkpoint: {
    readonly epoch: bigint;
    readonly start: bigint;
    readonly end: bigint;
    readonly blocksRoot: Hex;
    readonly exitRoot: Hex;
    readonly exitCount: bigint;
    readonly lastStateRoot: Hex;
  };
  readonly signers: bigint;
}

/** All of a checkpoint, and how final it is now. */
export function checkpointClaim(told: Checkpoint): Claim {
  return {
    place: told.source,
    shown: {
      figureEpoch: told.epoch,
      figureHash: told.hash,
      figureStart: told.start,
      figureEnd: told.end,
      figureBlocksRoot: told.blocks_root,
      figureExitRoot: told.exit_root,
      figureExits: told.exits,
      figureStateRoot: told.state_root,
      figureSigners: told.signers,
      figureFinality: told.finality,
    },
    find: async (witness, { root }) => {
      if (!witness.isOf(root?.checkpoints)) return "contract";
      const event = await witness.event<{ hash: Hex; submission: Submission }>(SUBMITTED);
      if (typeof event === "string") return event;
      return { ...figuresOf(event.hash, event.submission), figureFinality: await finalityOf(witness, event.submission) };
    },
  };
}

function figuresOf(hash: Hex, { checkpoint, signers }: Submission): Figures {
  return {
    figureEpoch: checkpoint.epoch,
    figureHash: hash,
    figureStart: checkpoint.start,
    figureEnd: checkpoint.end,
    figureBlocksRoot: checkpoint.blocksRoot,
    figureExitRoot: checkpoint.exitRoot,
    figureExits: checkpoint.exitCount,
    figureStateRoot: checkpoint.lastStateRoot,
    figureSigners: [...signers.toString(2)].filter((bit) => bit === "1").length,
  };
}

/** What the contract says of a checkpoint now. */
async function finalityOf({ node, contract }: Witness, submission: Submission): Promise<Checkpoint["finality"]> {
  try {
    await node.ask(contract, ROOT, "requireSubmitted", [submission]);
  } catch (error) {
    if (!(error instanceof NodeRefusal)) throw error;
    return "void";
  }
  const final = await node.ask<bigint>(contract, ROOT, "finalEpoch");
  return submission.checkpoint.epoch <= final ? "final" : "pending";
}

/** That the chain was frozen, or a fault proven. */
export function faultClaim({ happened, fault, until, source }: Fault): Claim {
  return {
    place: source,
    shown: { figureHappened: happened, figureFault: fault ?? "", figureUntil: until ?? "" },
    find: async (witness, { root }) => {
      if (!witness.isOf(happened === "Frozen" ? root?.checkpoints : root?.challenges)) return "contract";
      const event = await witness.event<{ fault?: string; until?: bigint }>(FAULTS[happened]);
      if (typeof event === "string") return event;
      return { figureHappened: happened, figureFault: event.fault ?? "", figureUntil: event.until ?? "" };
    },
  };
}

interface Paid {
  readonly asset: Hex;
  readonly amount: bigint;
}

/** What was begun or paid of an exit. */
export function exitClaim({ side, exit, asset, amount, source }: Exit): Claim {
  return {
    place: source,
    shown: { figureExit: exit, figureAsset: asset, figureAmount: amount },
    find: async (witness, { root }) => {
      if (!witness.isOf(root?.vault)) return "contract";
      const event = await witness.event<Paid & { key: Hex; exit?: Paid }>(side === "started" ? STARTED : RELEASED);
      if (typeof event === "string") return event;
      const paid = event.exit ?? event;
      return { figureExit: event.key, figureAsset: paid.asset, figureAmount: paid.amount };
    },
  };
}
