/** The field's quickened code computes what wasmcurves's own does. */

import { buildBn128 } from "ffjavascript";
import { describe, expect, it } from "vitest";

import { MODULUS } from "../src/zk/field";
import { quicken } from "../src/zk/multiexp/fieldCode";
import { BASE_MODULUS } from "../src/zk/multiexp/snarkjsCurve";

let own = new Uint8Array();
let quick = new Uint8Array();
await buildBn128(true, (builder) => {
  own = builder.build();
  quicken(builder, "f1m", BASE_MODULUS);
  quicken(builder, "frm", MODULUS);
  quick = builder.build();
});

const [X, Y, RESULT] = [0x100000, 0x100020, 0x100040];
type Operation = (x: number, y: number, result: number) => void;

/** An operation on numbers instead of addresses; the result goes to `to`. */
async function operation(code: Uint8Array<ArrayBuffer>, name: string) {
  const memory = new WebAssembly.Memory({ initial: 25 });
  const { instance } = await WebAssembly.instantiate(code, { env: { memory } });
  const words = new BigUint64Array(memory.buffer);
  const write = (address: number, value: bigint) => {
    for (let place = 0; place < 4; place++) words[address / 8 + place] = BigInt.asUintN(64, value >> BigInt(64 * place));
  };
  const read = (address: number) => [3, 2, 1, 0].reduce((whole, place) => (whole << 64n) | words[address / 8 + place], 0n);
  return (x: bigint, y: bigint, to = RESULT): bigint => {
    write(X, x);
    write(Y, y);
    (instance.exports[name] as Operation)(X, Y, to);
    return read(to);
  };
}

function anyBelow(modulus: bigint): bigint {
  return crypto.getRandomValues(new BigUint64Array(5)).reduce((whole, word) => (whole << 64n) | word, 0n) % modulus;
}

const FIELDS = [
  { prefix: "f1m", modulus: BASE_MODULUS },
  { prefix: "frm", modulus: MODULUS },
];

describe.each(FIELDS)("$prefix", ({ prefix, modulus }) => {
  const edges = [0n, 1n, 2n, modulus - 1n, modulus - 2n, modulus >> 1n, (modulus >> 1n) + 1n, 2n ** 253n, 2n ** 64n - 1n];
  const limbs = [29n, 58n, 64n, 128n, 192n, 232n, 253n].map((bits) => 2n ** bits - 1n);
  const special = [...edges, ...limbs];
  const pairs = special.flatMap((x) => special.map((y) => [x, y] as const));
  const chance = Array.from({ length: 5000 }, () => [anyBelow(modulus), anyBelow(modulus)] as const);

  it.each(["add", "sub", "mul"])("%s is the same, also where it writes over what it reads", async (name) => {
    const [ours, theirs] = [await operation(quick, `${prefix}_${name}`), await operation(own, `${prefix}_${name}`)];
    for (const [x, y] of [...pairs, ...chance]) {
      const wanted = theirs(x, y);
      for (const to of [RESULT, X, Y]) if (ours(x, y, to) !== wanted) throw new Error(`${name} of ${x} and ${y}`);
      if (name === "add") expect(wanted).toBe((x + y) % modulus);
      if (name === "sub") expect(wanted).toBe((x - y + modulus) % modulus);
      if (name === "mul") expect((wanted * 2n ** 256n - x * y) % modulus).toBe(0n);
    }
  });
});
