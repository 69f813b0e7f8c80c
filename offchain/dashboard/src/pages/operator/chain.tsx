import type { Health } from "../../api/system";
import { Figure } from "../../components/figure";
import type { TextKey } from "../../i18n/dictionary";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";

type Chain = Health["chains"][number];

/** An index that follows is never so many blocks behind for long. */
const MOST_BEHIND = 10;
const ROLES: { readonly [role: string]: TextKey } = { root: "roleRoot", plasma: "rolePlasma" };

/** Whether a chain's node is silent, or the index has lost it. */
export function isBehind({ newest, lag }: Chain): boolean {
  return newest === null || lag === null || lag > MOST_BEHIND;
}

/** A chain's newest block and how far the index is. */
export function ChainFigure({ chain }: { chain: Chain }) {
  const text = useText();
  const format = useFormat();
  const { role, newest, indexed, lag } = chain;
  return (
    <Figure
      label={text(ROLES[role] ?? "rolePlasma", { chain: chain.chain })}
      value={newest ? format.number(newest.number) : "–"}
      note={newest ? text("newestBlock", { time: format.moment(newest.time) }) : text("nodeDown")}
    >
      <p class={isBehind(chain) ? "error" : "good"}>
        {indexed ? text("indexedTo", { block: format.number(indexed.number) }) : text("indexEmpty")}
        {lag !== null && ` · ${text("lagBlocks", { lag: format.number(lag) })}`}
      </p>
    </Figure>
  );
}
