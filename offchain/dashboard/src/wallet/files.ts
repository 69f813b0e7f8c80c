/** Where a browser keeps a wallet, in IndexedDB: its key file, and records that other modules seal. */

import { createStore, del, get, keys, set } from "idb-keyval";

import { UserError } from "../errors";

const DATABASE = "openmg";
const KEY_FILE = "key file";

/** What it all lies in. */
export const files = createStore(DATABASE, "files");

/** Runs `work` while no other tab runs something of the same name. */
export function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(`openmg ${name}`, work) as Promise<T>;
}

/** The key file of this browser's wallet, undefined if there is none. */
export function keyFile(): Promise<string | undefined> {
  return get<string>(KEY_FILE, files);
}

/** Keeps a key file. Throws UserError if there is one already: its notes would be lost without it. */
export function addKeyFile(text: string): Promise<void> {
  return alone("key file", async () => {
    if (await keyFile()) throw new UserError("walletExists");
    await set(KEY_FILE, text, files);
  });
}

/** Removes wallet and records from this browser. */
export function removeWallet(): Promise<void> {
  return alone("key file", async () => {
    for (const key of await keys(files)) await del(key, files);
  });
}
