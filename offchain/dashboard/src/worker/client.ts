/** The page's side of the worker that the wallet runs in; it begins with the first use. */

import { wrap, type Remote } from "comlink";

import { carryErrors } from "./errors";
import type { WalletService } from "./service";

let running: Remote<WalletService> | null = null;

/** The wallet's service. */
export function walletService(): Remote<WalletService> {
  if (!running) {
    carryErrors();
    const base = new URL(".", document.baseURI).href;
    const worker = new Worker(new URL("./wallet.worker.ts", import.meta.url), { type: "module", name: base });
    running = wrap<WalletService>(worker);
  }
  return running;
}
