import { useAnswer } from "../../api/answer";
import type { ApiClient } from "../../api/client";
import { faults, type Fault } from "../../api/trust";
import { faultClaim } from "../../check/rootClaims";
import { ToldSection } from "../../components/told";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import { COUNT, SECONDS } from "./rhythm";

/** The newest freezes and proven faults. */
export function Faults({ client }: { client: ApiClient }) {
  const text = useText();
  const format = useFormat();
  const ask = (signal: AbortSignal) => client.get("v1/faults", faults, { count: COUNT }, signal);
  const answer = useAnswer(ask, [client], SECONDS);
  const happened = ({ happened: name, fault, until }: Fault): string => {
    if (name === "Frozen") return text("faultFrozen", { until: format.moment(until ?? 0) });
    return name === "FaultProven" ? text("faultProven", { fault: fault ?? "" }) : text("faultEquivocation");
  };
  const line = (told: Fault) => ({ name: format.moment(told.source.time), cells: [happened(told)], claim: faultClaim(told) });
  return (
    <ToldSection
      title="faults"
      none="faultsNone"
      columns={["time", "happenedColumn"]}
      lines={{ ...answer, value: answer.value?.faults.map(line) ?? null }}
    />
  );
}
