import { useAnswer } from "../../api/answer";
import type { ApiClient } from "../../api/client";
import { checkpoints, type Checkpoint } from "../../api/trust";
import { checkpointClaim } from "../../check/rootClaims";
import { ShortHash, ToldSection } from "../../components/told";
import { useText } from "../../i18n/language";
import { COUNT, SECONDS } from "./rhythm";

/** The newest checkpoints with their finality. */
export function Checkpoints({ client }: { client: ApiClient }) {
  const text = useText();
  const ask = (signal: AbortSignal) => client.get("v1/checkpoints", checkpoints, { count: COUNT }, signal);
  const answer = useAnswer(ask, [client], SECONDS);
  const line = (told: Checkpoint) => ({
    name: String(told.epoch),
    cells: [
      `${told.start} – ${told.end}`,
      String(told.signers),
      <span class={`badge ${told.finality}`}>{text(told.finality)}</span>,
      <ShortHash hash={told.hash} />,
    ],
    claim: checkpointClaim(told),
  });
  return (
    <ToldSection
      title="checkpoints"
      text="checkpointsText"
      none="checkpointsNone"
      columns={["epoch", "blocksColumn", "signaturesColumn", "finalityColumn", "hashColumn"]}
      lines={{ ...answer, value: answer.value?.checkpoints.map(line) ?? null }}
    />
  );
}
