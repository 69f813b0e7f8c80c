/** The wallet's meters: taking exported energy as a note, and settling what was imported. */

import { useRef, useState } from "preact/hooks";

import { useAnswer } from "../../api/answer";
import type { Network } from "../../chain/network";
import { proofProgress } from "../../components/action";
import { ErrorLine } from "../../components/errorLine";
import { Field } from "../../components/field";
import { ReviewedForm, useCostLines, type ReviewLine } from "../../components/review";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import type { Epoch } from "../../wallet/epochs";
import { walletService } from "../../worker/client";
import type { Overview } from "../../worker/overview";
import { EpochField, epochName, useEpochChoice } from "./epochField";

const SECONDS = 60;

export function Meters({ network, overview }: { network: Network; overview: Overview }) {
  const text = useText();
  return (
    <section>
      <h2>{text("meters")}</h2>
      {overview.meters.map((meter, place) => (
        <div key={place}>
          <p>{text("meterLine", { microgrid: String(meter.microgrid), capacity: String(meter.capacity) })}</p>
          {network.bundles && <Epochs network={network} place={place} news={overview.history.length} />}
        </div>
      ))}
      {!overview.meters.length && (
        <>
          <p>{text("meterNone")}</p>
          <p class="code" data-testid="card">
            {overview.nextCard}
          </p>
        </>
      )}
    </section>
  );
}

/** `place`: the meter's among the wallet's; `news` changes with what the wallet did. */
function Epochs({ network, place, news }: { network: Network; place: number; news: number }) {
  const { value, error, again } = useAnswer(() => walletService().openEpochs(place), [place], SECONDS, news);
  return (
    <>
      <ErrorLine error={error} again={again} />
      <div class="panels">
        <Issue network={network} place={place} offered={value?.issue ?? null} />
        <Settle network={network} place={place} offered={value?.settle ?? null} />
      </div>
    </>
  );
}

interface Used {
  readonly network: Network;
  readonly place: number;
  readonly offered: Epoch[] | null;
}

function Issue({ network, place, offered }: Used) {
  const text = useText();
  const costLines = useCostLines(network);
  const { choice, reviewed, review } = useReviewedEpoch(offered);
  const prepare = async (): Promise<ReviewLine[]> => {
    const line = review();
    const { asset, amount: taken, cost } = await walletService().epochCost(place, reviewed.current);
    return [line, ...costLines(taken, asset, cost).slice(0, 2)];
  };
  return (
    <div>
      <h3>{text("issue")}</h3>
      <ReviewedForm
        button="issue"
        prepare={prepare}
        act={async (tell) => {
          const transaction = await walletService().issue(place, reviewed.current, proofProgress(tell));
          return { key: "sent", values: { transaction } };
        }}
      >
        <EpochField choice={choice} />
      </ReviewedForm>
    </div>
  );
}

function Settle({ network, place, offered }: Used) {
  const text = useText();
  const costLines = useCostLines(network);
  const { choice, reviewed, review } = useReviewedEpoch(offered);
  const [amount, setAmount] = useState("");
  const prepare = async (): Promise<ReviewLine[]> => {
    const line = review();
    const { asset, amount: burned, cost } = await walletService().epochCost(place, reviewed.current, amount);
    return [line, ...costLines(burned, asset, cost)];
  };
  return (
    <div>
      <h3>{text("settle")}</h3>
      <ReviewedForm
        button="settle"
        prepare={prepare}
        act={async (tell) => {
          const transaction = await walletService().settle(place, reviewed.current, amount, proofProgress(tell));
          setAmount("");
          return { key: "sent", values: { transaction } };
        }}
      >
        <EpochField choice={choice} />
        <Field label={text("amount")} inputMode="decimal" autocomplete="off" value={amount} onValue={setAmount} />
      </ReviewedForm>
    </div>
  );
}

/** The choice of an epoch, and the one that was reviewed: the newest may be another before that is signed. `review` gives
 * its line. */
function useReviewedEpoch(offered: Epoch[] | null) {
  const format = useFormat();
  const choice = useEpochChoice(offered);
  const reviewed = useRef("");
  const review = (): ReviewLine => {
    reviewed.current = choice.number;
    const found = offered?.find((one) => String(one.number) === choice.number);
    return ["epoch", found ? epochName(format, found) : choice.number];
  };
  return { choice, reviewed, review };
}
