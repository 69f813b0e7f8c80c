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

  /** Code of an expression or of statements. */
  export type Wasm = readonly number[];

  type Two = (a: Wasm, b: Wasm) => Wasm;

  export interface CodeBuilder {
    readonly i64_add: Two;
    readonly i64_sub: Two;
    readonly i64_mul: Two;
    readonly i64_and: Two;
    readonly i64_or: Two;
    readonly i64_xor: Two;
    readonly i64_shl: Two;
    readonly i64_shr_u: Two;
    readonly i64_lt_u: Two;
    readonly i64_ge_u: Two;
    readonly i32_or: Two;
    i64_extend_i32_u(value: Wasm): Wasm;
    i64_const(value: bigint): Wasm;
    i32_const(value: number): Wasm;
    i64_load(address: Wasm, offset: number): Wasm;
    i64_store(address: Wasm, offset: number, value: Wasm): Wasm;
    getLocal(name: string): Wasm;
    setLocal(name: string, value: Wasm): Wasm;
    call(name: string, ...given: Wasm[]): Wasm;
    drop(value: Wasm): Wasm;
    if(condition: Wasm, then: Wasm): Wasm;
  }

  export interface FunctionBuilder {
    addLocal(name: string, type: "i64"): void;
    addCode(code: Wasm): void;
    getCodeBuilder(): CodeBuilder;
  }

  /** What a module of WebAssembly is put together with (wasmbuilder). */
  export interface ModuleBuilder {
    readonly functions: FunctionBuilder[];
    readonly functionIdxByName: { readonly [name: string]: number };
    /** Addresses of fields' moduli. */
    readonly modules: { readonly [prefix: string]: { readonly pq: number } };
    build(): Uint8Array<ArrayBuffer>;
  }

  /** Gives the curve that was built before, if there is one and `singleThread` is false; `plugin` may change a new one's
   * code. */
  export function buildBn128(
    singleThread: boolean,
    plugin?: (builder: ModuleBuilder) => void,
  ): Promise<SnarkjsCurve>;
}
