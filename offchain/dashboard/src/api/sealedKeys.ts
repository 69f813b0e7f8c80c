/** Keys of the API that a wallet keeps, each sealed with a key of the wallet's seed. They go when the wallet is removed. */

import { del, get, set } from "idb-keyval";

import { files } from "../wallet/files";
import type { Keys } from "../wallet/keys";
import { Sealing } from "../wallet/sealed";
import type { KeyUse } from "./key";

/** The key, null if none is kept. Throws UserError if the record was altered. */
export async function keptApiKey(wallet: Keys, use: KeyUse): Promise<string | null> {
  const name = nameOf(wallet, use);
  const sealed = await get<Uint8Array>(name, files);
  if (!sealed) return null;
  return new TextDecoder().decode(await (await Sealing.with(wallet.storeKey())).open(name, sealed));
}

/** Keeps a key, or none for null. */
export async function keepApiKey(wallet: Keys, use: KeyUse, key: string | null): Promise<void> {
  const name = nameOf(wallet, use);
  if (key === null) return del(name, files);
  const sealing = await Sealing.with(wallet.storeKey());
  await set(name, await sealing.seal(name, new TextEncoder().encode(key)), files);
}

function nameOf(wallet: Keys, use: KeyUse): string {
  return `api key ${use} ${wallet.address.toString().slice(-12)}`;
}
