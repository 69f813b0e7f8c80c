/** Both chains, the index behind them, what waits, and the relayer; all of it at one glance first. */

import { useAnswer } from "../../api/answer";
import type { ApiClient } from "../../api/client";
import { health, type Health as HealthTold } from "../../api/system";
import { faults, type Faults } from "../../api/trust";
import type { Network } from "../../chain/network";
import { Node } from "../../chain/node";
import { ErrorLine } from "../../components/errorLine";
import { Figure } from "../../components/figure";
import { useNetwork } from "../../components/network";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import { RelayerClient } from "../../relayer/client";
import { waitingNotes } from "../../wallet/queue";
import { ChainFigure, isBehind } from "./chain";

const SECONDS = 5;

export function Health({ client }: { client: ApiClient }) {
  const text = useText();
  const network = useNetwork();
  const told = useAnswer((signal) => client.get("v1/health", health, {}, signal), [client], SECONDS);
  const queue = useAnswer(() => waitingNotes(new Node(network.node), network.pool), [network], SECONDS);
  const relayer = useAnswer(() => accountOf(network), [network], SECONDS);
  const freezes = useAnswer((signal) => client.get("v1/faults", faults, {}, signal), [client], SECONDS);
  if (!told.value) {
    return told.error ? <ErrorLine error={told.error} again={told.again} /> : <p role="status">{text("loading")}</p>;
  }
  const errors = [told.error, queue.error, relayer.error].filter((error) => error !== null);
  const isGood = !errors.length && !isFrozen(told.value, freezes.value) && !told.value.chains.some(isBehind);
  return (
    <>
      <p role="status">
        <span class={`badge ${isGood ? "on" : "off"}`}>{text(isGood ? "healthGood" : "healthBad")}</span>
      </p>
      {errors.map((error) => (
        <ErrorLine key={error.key} error={error} />
      ))}
      <div class="cards">
        {told.value.chains.map((chain) => (
          <ChainFigure key={chain.role} chain={chain} />
        ))}
        <Pending pending={told.value.pending} />
        <Figure
          label={text("notesWaiting")}
          value={queue.value === null ? "–" : String(queue.value)}
          note={text("notesWaitingText")}
        />
        {network.relayer && (
          <Figure
            label={text("relayerState")}
            value={text(relayer.value ? "relayerAnswers" : "relayerDown")}
            note={relayer.value && <span class="code">{relayer.value}</span>}
          />
        )}
      </div>
    </>
  );
}

function Pending({ pending }: { pending: HealthTold["pending"] }) {
  const text = useText();
  const format = useFormat();
  const lines = [
    ["pendingCheckpoints", pending.checkpoints, "pendingCheckpointsText"],
    ["pendingDisputes", pending.disputes, "challengesText"],
    ["pendingDemands", pending.demands, "challengesText"],
  ] as const;
  return lines.map(([key, count, explanation]) => (
    <Figure
      key={key}
      label={text(key)}
      value={count === null ? "–" : format.number(count)}
      note={text(count === null ? "unknown" : explanation)}
    />
  ));
}

/** Whether nothing becomes final now, by the root chain's clock. A service that doesn't follow it doesn't know. */
function isFrozen({ chains }: HealthTold, told: Faults | null): boolean {
  const now = chains.find(({ role }) => role === "root")?.newest?.time ?? 0;
  return told?.faults.some(({ until }) => until !== null && until > now) ?? false;
}

async function accountOf(network: Network): Promise<string | null> {
  if (!network.relayer) return null;
  return new RelayerClient(network.relayer, new Node(network.node), network).account();
}
