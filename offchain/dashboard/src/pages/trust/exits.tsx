import type { Hex } from "viem";

import { useAnswer } from "../../api/answer";
import type { ApiClient } from "../../api/client";
import { exits, type Exit } from "../../api/trust";
import { assetAt, shownAmount } from "../../chain/assets";
import { exitClaim } from "../../check/rootClaims";
import { useNetwork } from "../../components/network";
import { ShortHash, ToldSection } from "../../components/told";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import { COUNT, SECONDS } from "./rhythm";

/** What leaves the plasma chain. */
export function Exits({ client }: { client: ApiClient }) {
  const text = useText();
  const format = useFormat();
  const network = useNetwork();
  const ask = (signal: AbortSignal) => client.get("v1/exits", exits, { count: COUNT }, signal);
  const answer = useAnswer(ask, [client], SECONDS);
  const line = (told: Exit) => ({
    name: format.moment(told.source.time),
    cells: [
      text(told.side === "started" ? "exitStarted" : "exitReleased"),
      `${shownAmount(told.amount)} ${assetAt(network, told.asset as Hex).name}`,
      <ShortHash hash={told.exit} />,
    ],
    claim: exitClaim(told),
  });
  return (
    <ToldSection
      title="exits"
      text="exitsText"
      none="exitsNone"
      columns={["time", "happenedColumn", "amount", "hashColumn"]}
      lines={{ ...answer, value: answer.value?.exits.map(line) ?? null }}
    />
  );
}
