/** How an entry of the history is told in a line. */

import { assetAt, shownAmount } from "../../chain/assets";
import type { Network } from "../../chain/network";
import type { TextKey } from "../../i18n/dictionary";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import type { Entry, EntryKind } from "../../wallet/history";

const KINDS: { readonly [kind in EntryKind]: TextKey } = {
  received: "received",
  earned: "earned",
  sent: "sentKind",
  consolidated: "consolidated",
  shielded: "shielded",
  unshielded: "unshielded",
  swapped: "swapped",
  issued: "issued",
  settled: "settled",
  spent: "spent",
};
const HASH_BEGINNING = 10;

/** An entry's parts in the page's language. */
export interface EntryWords {
  readonly time: string;
  readonly kind: string;
  readonly amount: string;
  /** Empty where there was none. */
  readonly fee: string;
  /** All of that in a line, with the beginning of the transaction's hash. */
  readonly line: string;
}

export function useEntryWords(network: Network): (entry: Entry) => EntryWords {
  const text = useText();
  const format = useFormat();
  const shown = (units: bigint, asset: Entry["asset"]): string =>
    `${shownAmount(units)} ${assetAt(network, asset).name}`;
  return ({ kind, asset, amount, fee, gotAsset, gotAmount, time, transaction }) => {
    const gave = shown(amount, asset);
    const words = {
      time: format.stamp(time),
      kind: text(KINDS[kind]),
      amount:
        gotAsset && gotAmount !== undefined ? text("swappedFor", { amount: gave, got: shown(gotAmount, gotAsset) }) : gave,
      fee: fee > 0n ? shown(fee, asset) : "",
    };
    const line = [words.time, words.kind, words.amount, `${transaction.slice(0, HASH_BEGINNING)}…`].join(" · ");
    return { ...words, line };
  };
}
