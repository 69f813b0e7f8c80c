/** Keys of the API that a person gave, by what they are for: kept encrypted in the wallet, or by this tab until it is closed. */

import { UserError } from "../errors";
import { walletService, walletStatus } from "../worker/client";

export type KeyUse = "home" | "operator";
export type KeyPlace = "wallet" | "tab";

export interface GivenKey {
  readonly text: string;
  readonly place: KeyPlace;
}

const KEY = /^omg_[0-9a-f]{16}_[0-9a-f]{64}$/;
const nameInTab = (use: KeyUse): string => `api key ${use}`;

/** A key as a person wrote it. Throws UserError if it is none. */
export function parseKey(text: string): string {
  const key = text.trim();
  if (!KEY.test(key)) throw new UserError("apiKeyText");
  return key;
}

/** The key that was given, null if there is none or it is in a locked wallet. */
export async function givenKey(use: KeyUse): Promise<GivenKey | null> {
  const inTab = sessionStorage.getItem(nameInTab(use));
  if (inTab) return { text: inTab, place: "tab" };
  if ((await walletStatus()) !== "open") return null;
  const text = await walletService().apiKey(use);
  return text === null ? null : { text, place: "wallet" };
}

/** Keeps a key. Throws UserError if it is none, or the wallet is locked. */
export async function keepKey(use: KeyUse, text: string, place: KeyPlace): Promise<void> {
  const key = parseKey(text);
  if (place === "tab") sessionStorage.setItem(nameInTab(use), key);
  else await walletService().keepApiKey(use, key);
}

/** Forgets a key wherever it is. */
export async function forgetKey(use: KeyUse): Promise<void> {
  sessionStorage.removeItem(nameInTab(use));
  if ((await walletStatus()) === "open") await walletService().keepApiKey(use, null);
}
