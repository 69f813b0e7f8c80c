import { useAnswer } from "../../api/answer";
import type { ApiClient } from "../../api/client";
import { models, type Model } from "../../api/models";
import { modelClaim } from "../../check/modelClaims";
import { ShortHash, ToldSection } from "../../components/told";
import { useText } from "../../i18n/language";
import { COUNT, SECONDS } from "./rhythm";

const LOSS_DIGITS = 4;

/** The newest headers of the model chain. */
export function Models({ client }: { client: ApiClient }) {
  const text = useText();
  const ask = (signal: AbortSignal) => client.get("v1/models", models, { count: COUNT }, signal);
  const answer = useAnswer(ask, [client], SECONDS);
  const line = (told: Model) => ({
    name: String(told.number),
    cells: [
      `${told.loss_before.toFixed(LOSS_DIGITS)} → ${told.loss_after.toFixed(LOSS_DIGITS)}`,
      text(told.accepted ? "accepted" : "notAccepted"),
      <ShortHash hash={told.hash} />,
    ],
    claim: modelClaim(told),
  });
  return (
    <ToldSection
      title="models"
      text="modelsText"
      none="modelsNone"
      columns={["modelColumn", "lossColumn", "happenedColumn", "hashColumn"]}
      lines={{ ...answer, value: answer.value?.models.map(line) ?? null }}
    />
  );
}
