/** Proves joinsplits with the page's own prover and keys. */

import { expose } from "comlink";

import { keyFiles } from "../src/zk/keyFiles";
import { prover, type Input, type Inputs, type Prove, type Stage } from "../src/zk/prover";

/** Seconds from inputs to a verified proof, and of each stage; the first time also of fetching keys and prover. */
export type Seconds = { [stage in Stage | "all"]?: number };

let prove: Prove | null = null;
let begun: [Stage, number][] = [];

const bench = {
  /** `inputs` is JSON whose numbers are texts. */
  async proofSeconds(keys: string, inputs: string): Promise<Seconds> {
    const given = JSON.parse(inputs, (_, part: unknown) => (typeof part === "string" ? BigInt(part) : part)) as Input;
    const begin = performance.now();
    begun = [];
    prove ??= prover(keyFiles(keys), (stage) => {
      if (begun[begun.length - 1]?.[0] !== stage) begun.push([stage, performance.now()]);
    });
    await prove("joinsplit", given as unknown as Inputs);
    const end = performance.now();
    const ends = [...begun.slice(1).map(([, time]) => time), end];
    const stages = begun.map(([stage, time], place) => [stage, (ends[place] - time) / 1000]);
    return { all: (end - begin) / 1000, ...(Object.fromEntries(stages) as Seconds) };
  },
};

export type Bench = typeof bench;

expose(bench);
