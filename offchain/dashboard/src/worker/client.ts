/** The page's side of the worker that the wallet runs in; it begins with the first use. */

import { wrap, type Remote } from "comlink";

import { keyFile } from "../wallet/files";
import { carryErrors } from "./errors";
import type { Status } from "./overview";
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

/** Whether there is a wallet, and whether it is open. Only a running worker has one open: none is begun to ask. */
export async function walletStatus(): Promise<Status> {
  if (running) return running.status();
  return (await keyFile()) ? "locked" : "none";
}
