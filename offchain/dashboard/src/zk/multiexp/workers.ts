/** Workers that sum windows. They stay for the next proof. */

import { wrap } from "comlink";

import type { AdderService } from "./multiexp.worker";
import type { RemoteAdder } from "./shared";

/** Each keeps some ten megabytes. */
const MOST = 8;

/** As many as there are processors, with the curve's code. Throws if one can't begin; then none is left. */
export async function workers(code: WebAssembly.Module): Promise<RemoteAdder[]> {
  const count = Math.min(navigator.hardwareConcurrency || 2, MOST);
  const all = Array.from({ length: count }, newWorker);
  try {
    return await Promise.all(all.map((worker) => opened(worker, code)));
  } catch (error) {
    for (const worker of all) worker.terminate();
    throw error;
  }
}

function newWorker(): Worker {
  return new Worker(new URL("./multiexp.worker.ts", import.meta.url), { type: "module" });
}

async function opened(worker: Worker, code: WebAssembly.Module): Promise<RemoteAdder> {
  const service = wrap<AdderService>(worker);
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener("error", () => reject(new Error("a worker of the prover can't begin")));
  });
  await Promise.race([service.open(code), failed]);
  return service;
}
