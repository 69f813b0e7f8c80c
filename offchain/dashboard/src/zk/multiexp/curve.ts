/** BN254 in WebAssembly, the code that snarkjs uses too (wasmcurves), and the memory it works in.
 *
 * Operations take addresses. Coordinates are in Montgomery form, least significant byte first; affine points are two of
 * them, both 0 at infinity, Jacobian points three. */

type Unary = (a: number, result: number) => void;
type Binary = (a: number, b: number, result: number) => void;

const FIELD = ["add", "sub", "mul", "square", "neg", "copy", "eq", "isZero", "zero", "batchInverse"] as const;
const GROUP = ["add", "addMixed", "double", "zero"] as const;

export interface Field {
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly square: Unary;
  readonly neg: Unary;
  readonly copy: Unary;
  readonly eq: (a: number, b: number) => number;
  readonly isZero: (a: number) => number;
  readonly zero: (result: number) => void;
  /** Inverses of `count` numbers that lie `step` bytes apart, 0 for 0. It takes `count + 1` numbers' room beyond what is
   * allocated. */
  readonly batchInverse: (a: number, step: number, count: number, result: number, resultStep: number) => void;
}

/** Operations on any Jacobian points; `addMixed` adds an affine one, which must not be infinity. They may write where they
 * read. */
export interface Jacobian {
  readonly add: Binary;
  readonly addMixed: Binary;
  readonly double: Unary;
  readonly zero: (result: number) => void;
}

export interface Group {
  readonly field: Field;
  readonly jacobian: Jacobian;
  /** Bytes of a coordinate. */
  readonly bytes: number;
}

export type GroupName = "G1" | "G2";

const PAGE = 0x10000;
const PAGES = 25; // of the code itself

export class Curve {
  readonly groups: { readonly [name in GroupName]: Group };
  private readonly memory = new WebAssembly.Memory({ initial: PAGES });
  private readonly start: number;

  constructor(code: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(code, { env: { memory: this.memory } });
    this.groups = { G1: groupOf(exports, 1, 32), G2: groupOf(exports, 2, 64) };
    this.start = this.words()[0];
  }

  /** All memory as it is now; another allocation may replace it. */
  words(): Uint32Array {
    return new Uint32Array(this.memory.buffer);
  }

  /** The address of so many new bytes, with `beyond` bytes of room behind all that is allocated. */
  alloc(bytes: number, beyond = 0): number {
    const address = Math.ceil(this.words()[0] / 8) * 8;
    const missing = address + bytes + beyond - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    this.words()[0] = address + bytes;
    return address;
  }

  /** Gives all that was allocated free. */
  free(): void {
    this.words()[0] = this.start;
  }

  write(data: Uint8Array, address: number): void {
    new Uint8Array(this.memory.buffer).set(data, address);
  }

  read(address: number, bytes: number): Uint8Array {
    return new Uint8Array(this.memory.buffer).slice(address, address + bytes);
  }
}

function groupOf(exports: WebAssembly.Exports, number: 1 | 2, bytes: number): Group {
  const named = (prefix: string, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, exports[`${prefix}_${name}`]]));
  const field = named(`f${number}m`, FIELD) as unknown as Field;
  return { field, jacobian: named(`g${number}m`, GROUP) as unknown as Jacobian, bytes };
}
