/** The curve that snarkjs computes with, its sums of points made by this folder. */

import { buildBn128, type SnarkjsCurve } from "ffjavascript";

import { MODULUS } from "../field";
import { quicken } from "./fieldCode";
import { sharedSum, type RemoteAdder } from "./shared";

/** Of the field that points' coordinates are in. */
export const BASE_MODULUS = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

export type BeginAdders = (code: WebAssembly.Module) => Promise<readonly RemoteAdder[]>;

/** Builds snarkjs's curve, which ffjavascript keeps for it, and has its points summed by adders that run the same code.
 * Throws what `begin` throws; then nothing was built. */
export async function shareSums(begin: BeginAdders): Promise<SnarkjsCurve> {
  let code = new Uint8Array();
  const curve = await buildBn128(false, (builder) => {
    quicken(builder, "f1m", BASE_MODULUS);
    quicken(builder, "frm", MODULUS);
    code = builder.build();
  });
  try {
    const adders = await begin(await WebAssembly.compile(code));
    share(curve, adders);
    return curve;
  } catch (error) {
    await curve.terminate();
    throw error;
  }
}

function share(curve: SnarkjsCurve, adders: readonly RemoteAdder[]): void {
  let last: Promise<unknown> = Promise.resolve(); // adders do one sum at a time
  for (const name of ["G1", "G2"] as const) {
    const group = curve[name];
    group.multiExpAffine = (bases, scalars) => {
      const sum = last.catch(() => undefined).then(() => sharedSum(adders, group, name, bases, scalars));
      last = sum;
      return sum;
    };
  }
}
