/** The part of ffjavascript, snarkjs's curve, that proofs are quickened with; the package has no types of its own. */
declare module "ffjavascript" {
  /** Points are Jacobian, as bytes. */
  export interface SnarkjsGroup {
    readonly F: { readonly n8: number };
    readonly zero: Uint8Array;
    add(a: Uint8Array, b: Uint8Array): Uint8Array;
    double(a: Uint8Array): Uint8Array;
    eq(a: Uint8Array, b: Uint8Array): boolean;
    neg(a: Uint8Array): Uint8Array;
    toAffine(a: Uint8Array): Uint8Array;
    timesScalar(a: Uint8Array, scalar: bigint): Uint8Array;
    readonly g: Uint8Array;
    readonly zeroAffine: Uint8Array;
    /** Bases are affine points, scalars least significant byte first. */
    multiExpAffine(bases: Uint8Array, scalars: Uint8Array): Promise<Uint8Array>;
  }

  export interface SnarkjsCurve {
    readonly G1: SnarkjsGroup;
    readonly G2: SnarkjsGroup;
    terminate(): Promise<void>;
  }

  /** Gives the curve that was built before, if there is one and `singleThread` is false; `plugin` may add to a new one's code. */
  export function buildBn128(
    singleThread: boolean,
    plugin?: (builder: { build(): Uint8Array<ArrayBuffer> }) => void,
  ): Promise<SnarkjsCurve>;
}
