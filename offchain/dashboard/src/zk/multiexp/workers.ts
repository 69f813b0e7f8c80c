/** Workers that sum windows. They stay for the next proof. */

import { wrap } from "comlink";

import type { AdderService } from "./multiexp.worker";
import type { RemoteAdder } from "./shared";

/** Each keeps some ten megabytes. */
const MOST = 8;

/** As many as there are processors, with the curve's code. Throws if they can't be begun. */
export async function workers(code: WebAssembly.Module): Promise<RemoteAdder[]> {
  const count = Math.min(navigator.hardwareConcurrency || 2, MOST);
  return Promise.all(Array.from({ length: count }, () => begun(code)));
}

async function begun(code: WebAssembly.Module): Promise<RemoteAdder> {
  const worker = new Worker(new URL("./multiexp.worker.ts", import.meta.url), { type: "module" });
  const service = wrap<AdderService>(worker);
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener("error", () => reject(new Error("a worker of the prover can't begin")));
  });
  await Promise.race([service.open(code), failed]);
  return service;
}
