/** Proofs with snarkjs and the circuits' keys, each verified before it is handed out. */

import { UserError } from "../errors";
import type { CircuitName } from "./circuits";
import { workers } from "./multiexp/workers";
import { proofFromSnarkjs, type Proof } from "./proof";

export type Input = bigint | readonly Input[];
/** Inputs of a circuit by name; arrays in any nesting. */
export type Inputs = { readonly [name: string]: Input };

/** A proof that holds, and its public signals in the circuit's order: outputs, then public inputs. */
export interface ProvenSignals {
  readonly proof: Proof;
  readonly signals: bigint[];
}

/** What a proof goes through; `share` of `keys` is how much of them has come, 0 to 1. */
export type Stage = "keys" | "witness" | "proof" | "verification";
export type ProofProgress = (stage: Stage, share?: number) => void;

export type Prove = (circuit: CircuitName, inputs: Inputs) => Promise<ProvenSignals>;

/** A circuit's files: witness generator, proving key, verification key. */
export interface CircuitFiles {
  readonly wasm: Uint8Array;
  readonly zkey: Uint8Array;
  readonly vkey: unknown;
}

/** Gives a circuit's files. Throws UserError if they can't be had. */
export type FindFiles = (circuit: CircuitName, progress: ProofProgress) => Promise<CircuitFiles>;

/** What is wrong when a check of that circuit template fails; the innermost of the templates named here tells. */
const REASONS = {
  SpentNote: "witnessNote",
  OptionalCommitment: "witnessRelayer",
  NoteCommitment: "witnessOutput",
  RegisteredMeter: "witnessMeter",
  PublishedReading: "witnessReading",
  Transaction: "witnessSum",
  Joinsplit: "witnessAsset",
  SlotShare: "witnessSlot",
  Trade: "witnessCap",
  Issue: "witnessIssue",
  Settle: "witnessSettle",
} as const;

/** A prover that takes files from `find` and tells `progress` each stage as it begins.
 *
 * It throws UserError if the inputs don't satisfy the circuit, or the keys are missing or damaged. snarkjs is loaded with
 * the first proof: it is the larger part of the page. */
export function prover(find: FindFiles, progress: ProofProgress = () => undefined): Prove {
  return async (circuit, inputs) => {
    const files = await find(circuit, progress);
    const { wtns, groth16 } = await import("snarkjs");
    await quickened();
    progress("witness");
    const witness = { type: "mem" as const };
    try {
      await wtns.calculate(inputs, { type: "mem", data: files.wasm }, witness);
    } catch (error) {
      throw new UserError(reasonOf(error));
    }
    progress("proof");
    const { proof, publicSignals } = await groth16.prove({ type: "mem", data: files.zkey }, witness);
    progress("verification");
    if (!(await groth16.verify(files.vkey, publicSignals, proof))) throw new UserError("proofWrong");
    return { proof: proofFromSnarkjs(proof), signals: publicSignals.map(BigInt) };
  };
}

let quick: Promise<unknown> | null = null;

/** Has snarkjs sum points in workers of the page, where there are any; tried anew with the next proof if they can't
 * begin. */
function quickened(): Promise<unknown> {
  if (typeof Worker === "undefined") return Promise.resolve();
  quick ??= import("./multiexp/snarkjsCurve").then(({ shareSums }) => shareSums(workers));
  quick.catch(() => {
    quick = null;
  });
  return quick;
}

function reasonOf(error: unknown): (typeof REASONS)[keyof typeof REASONS] | "witnessOther" {
  const templates = String(error).match(/template (\w+?)(?:_\d+)? /g) ?? [];
  for (const template of templates.map((found) => found.split(/[ _]/)[1])) {
    if (template in REASONS) return REASONS[template as keyof typeof REASONS];
  }
  return "witnessOther";
}
