/** A page whose worker proves what it is told, as the wallet's worker does. `proofSeconds` is for `run.mjs`. */

import { wrap } from "comlink";

import type { Bench, Seconds } from "./prove.worker";

const worker = new Worker(new URL("./prove.worker.ts", import.meta.url), { type: "module" });
const bench = wrap<Bench>(worker);

const proofSeconds = (inputs: string): Promise<Seconds> => bench.proofSeconds(new URL("keys/", location.href).href, inputs);
Object.assign(globalThis, { proofSeconds });
