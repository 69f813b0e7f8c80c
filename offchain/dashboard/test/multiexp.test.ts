/** Sums of multiples of points are those of ffjavascript, whatever the points; no wrong one becomes a proof. */

import { readFileSync } from "node:fs";

import { buildBn128, type SnarkjsCurve } from "ffjavascript";
import { afterEach, describe, expect, it, test } from "vitest";

import { PARAMETERS } from "../src/zk/circuits";
import { MODULUS } from "../src/zk/field";
import { Adder } from "../src/zk/multiexp/adder";
import { Curve, type GroupName } from "../src/zk/multiexp/curve";
import { bestWidth, signedDigits, windowCount } from "../src/zk/multiexp/digits";
import { sharedSum, type RemoteAdder } from "../src/zk/multiexp/shared";
import { shareSums } from "../src/zk/multiexp/snarkjsCurve";
import { prover, type CircuitFiles, type Inputs } from "../src/zk/prover";

let code = new Uint8Array();
const reference = await buildBn128(true, (builder) => {
  code = builder.build();
});
const compiled = await WebAssembly.compile(code);
const ALL_BITS = 2n ** 256n - 1n;

function adders(count: number, module = compiled): RemoteAdder[] {
  return Array.from({ length: count }, () => {
    const adder = new Adder(new Curve(module));
    return {
      begin: async (...given: Parameters<Adder["begin"]>) => adder.begin(...given),
      windowSum: async (window: number) => adder.windowSum(window),
    };
  });
}

const pool = adders(3);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function scalar(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, place) => Number((value >> BigInt(8 * place)) & 255n));
}

function anyScalar(): bigint {
  const words = crypto.getRandomValues(new BigUint64Array(4));
  return words.reduce((whole, word) => (whole << 64n) | word, 0n) % MODULUS;
}

/** Affine points that nobody chose. */
function points(name: GroupName, count: number): Uint8Array[] {
  const group = reference[name];
  const step = group.timesScalar(group.g, anyScalar());
  let point = group.timesScalar(group.g, anyScalar());
  return Array.from({ length: count }, () => {
    point = group.add(point, step);
    return group.toAffine(point);
  });
}

async function expectSame(name: GroupName, bases: readonly Uint8Array[], scalars: readonly bigint[]): Promise<Uint8Array> {
  const group = reference[name];
  const given = [joined(bases), joined(scalars.map(scalar))] as const;
  const sum = await sharedSum(pool, group, name, ...given);
  expect(group.eq(sum, await group.multiExpAffine(...given))).toBe(true);
  return sum;
}

describe.each(["G1", "G2"] as const)("sums in %s", (name) => {
  const group = reference[name];

  test.each([0, 1, 2, 3, 7, 64, 500, 3000])("of %d points are ffjavascript's", async (count) => {
    const bases = points(name, count);
    await expectSame(name, bases, bases.map(anyScalar));
  });

  it("take every scalar", async () => {
    const scalars = [0n, 1n, 2n, MODULUS - 1n, MODULUS, MODULUS + 1n, 2n ** 253n, 2n ** 255n, ALL_BITS];
    for (const [place, base] of points(name, scalars.length).entries()) await expectSame(name, [base], [scalars[place]]);
    await expectSame(name, points(name, scalars.length), scalars);
  });

  it("take points at infinity, and leave them out", async () => {
    const bases = points(name, 40).map((base, place) => (place % 3 ? base : group.zeroAffine));
    await expectSame(name, bases, bases.map(anyScalar));
    // ffjavascript's own sum of nothing but infinity is no point at all.
    const nothing = [joined([group.zeroAffine, group.zeroAffine]), joined([5n, anyScalar()].map(scalar))] as const;
    expect(await sharedSum(pool, group, name, ...nothing)).toEqual(group.zero);
  });

  it("take the same point many times", async () => {
    const [base] = points(name, 1);
    for (const count of [2, 3, 8, 33]) {
      const bases = new Array<Uint8Array>(count).fill(base);
      await expectSame(name, bases, bases.map(() => 1n));
      await expectSame(name, bases, bases.map(anyScalar));
    }
  });

  it("are infinity where points cancel, in one bucket or in all", async () => {
    const bases = points(name, 12);
    const opposites = bases.map((base) => group.toAffine(group.neg(group.add(base, group.zero))));
    const scalars = bases.map(anyScalar);
    const cancelled = await expectSame(name, [...bases, ...opposites], [...scalars, ...scalars]);
    expect(group.eq(cancelled, group.zero)).toBe(true);
    const rest = [...bases, ...opposites, bases[0], bases[0]];
    await expectSame(name, rest, rest.map(() => 3n));
    await expectSame(name, rest, rest.map((_, place) => (place % 2 ? 3n : MODULUS - 3n)));
  });

  it("are those of few points with many of one digit", async () => {
    const bases = points(name, 300);
    await expectSame(name, bases, bases.map((_, place) => BigInt(place % 2)));
    await expectSame(name, bases, bases.map((_, place) => (place % 5 ? 1n : MODULUS - 1n)));
  });

  it("refuse other numbers of points than of scalars", async () => {
    const [base] = points(name, 1);
    for (const scalars of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(64)]) {
      await expect(sharedSum(pool, group, name, base, scalars)).rejects.toThrow(RangeError);
    }
  });
});

test.each([1, 2, 5, 8, 11, 13, 15])("digits of %d bits are signed and make the scalar", (width) => {
  const scalars = [0n, 1n, MODULUS - 1n, ALL_BITS, ...Array.from({ length: 20 }, anyScalar)];
  const windows = signedDigits(new Uint32Array(joined(scalars.map(scalar)).buffer), width);
  expect(windows.length).toBe(windowCount(width));
  scalars.forEach((whole, place) => {
    const digits = windows.map((window) => BigInt(window[place]));
    const half = 2n ** BigInt(width - 1);
    expect(digits.every((digit) => -half < digit && digit <= half)).toBe(true);
    expect(digits.reduceRight((sum, digit) => (sum << BigInt(width)) + digit, 0n)).toBe(whole);
  });
});

it("takes wider windows for more points", () => {
  const widths = [0, 1, 100, 10_000, 1_000_000].map(bestWidth);
  expect(widths).toEqual([...widths].sort((a, b) => a - b));
  expect(widths[3]).toBeGreaterThan(widths[1]);
});

describe("a proof with shared sums", () => {
  let curve: SnarkjsCurve | null = null;
  const prove = prover(async () => filesOf("joinsplit"));

  afterEach(() => curve?.terminate());

  it("holds", async () => {
    curve = await shareSums(async (module) => adders(2, module));
    const { signals } = await prove("joinsplit", dummies());
    expect(signals.length).toBeGreaterThan(0);
  });

  test.each(["G1", "G2"])("isn't handed out with one wrong window of %s", async (group) => {
    curve = await shareSums(async (module) => adders(2, module).map((adder) => withWrongWindow(adder, group)));
    await expect(prove("joinsplit", dummies())).rejects.toMatchObject({ key: "proofWrong" });
  });

  it("leaves no curve behind where adders can't begin", async () => {
    curve = null;
    await expect(shareSums(() => Promise.reject(new Error("no workers")))).rejects.toThrow("no workers");
    curve = await shareSums(async (module) => adders(1, module));
    const [base] = points("G1", 1);
    expect(curve.G1.eq(await curve.G1.multiExpAffine(base, scalar(1n)), curve.G1.add(base, curve.G1.zero))).toBe(true);
  });
});

/** An adder whose third window of a group is its second. */
function withWrongWindow(adder: RemoteAdder, wrong: string): RemoteAdder {
  let group = "";
  return {
    begin: (...given) => {
      group = given[0];
      return adder.begin(...given);
    },
    windowSum: (window) => adder.windowSum(group === wrong && window === 2 ? 1 : window),
  };
}

function filesOf(circuit: string): CircuitFiles {
  const read = (name: string) => new Uint8Array(readFileSync(new URL(`../../../circuits/keys/${name}`, import.meta.url)));
  const vkey: unknown = JSON.parse(new TextDecoder().decode(read(`${circuit}.vkey.json`)));
  return { wasm: read(`${circuit}.wasm`), zkey: read(`${circuit}.zkey`), vkey };
}

/** A transfer's inputs: dummies are spent, notes of amount 0 are made. */
function dummies(): Inputs {
  const some = (count: number) => Array.from({ length: count }, anyScalar);
  return {
    asset: 0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeen,
    contextHash: anyScalar(),
    relayerVoid: 0n,
    outputKeys: some(3),
    outputAmounts: [0n, 0n, 0n],
    root: anyScalar(),
    treeNumber: 0n,
    spendingKey: anyScalar(),
    inputAmounts: [0n, 0n],
    inputBlindings: some(2),
    inputIndices: [5n, 5n],
    inputSiblings: [some(PARAMETERS.noteTreeDepth), some(PARAMETERS.noteTreeDepth)],
    publicAsset: 0n,
    publicAmount: 0n,
  };
}
