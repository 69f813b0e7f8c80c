import { useAnswer } from "../../api/answer";
import type { ApiClient } from "../../api/client";
import { checkpoints, type Checkpoint } from "../../api/trust";
import { finalityOf, type Finality } from "../../chain/root";
import { checkpointClaim } from "../../check/rootClaims";
import { useNetwork } from "../../components/network";
import { ShortHash, ToldSection } from "../../components/told";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import { COUNT, SECONDS } from "./rhythm";

/** The newest checkpoints with their finality. */
export function Checkpoints({ client }: { client: ApiClient }) {
  const text = useText();
  const { root } = useNetwork();
  const finality = useAnswer(async () => (root ? finalityOf(root) : null), [root], SECONDS).value;
  const ask = (signal: AbortSignal) => client.get("v1/checkpoints", checkpoints, { count: COUNT }, signal);
  const answer = useAnswer(ask, [client], SECONDS);
  const line = (told: Checkpoint) => ({
    name: String(told.epoch),
    cells: [
      `${told.start} – ${told.end}`,
      String(told.signers),
      <>
        <span class={`badge ${told.finality}`}>{text(told.finality)}</span>
        {told.finality === "pending" && <Until finality={finality} accepted={told.source.time} />}
      </>,
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

/** From when on a checkpoint can be final; nothing where the root chain can't be asked. */
function Until({ finality, accepted }: { finality: Finality | null; accepted: number }) {
  const text = useText();
  const format = useFormat();
  if (!finality) return null;
  const end = accepted + finality.period;
  return (
    <span class="faint small">
      {end > finality.now ? text("pendingUntil", { time: format.moment(end) }) : text("pendingOver")}
    </span>
  );
}
