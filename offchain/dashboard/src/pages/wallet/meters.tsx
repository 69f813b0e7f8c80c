/** The wallet's meters: taking exported energy as a note, and settling what was imported. */

import { useState } from "preact/hooks";

import type { Network } from "../../chain/network";
import { proofProgress } from "../../components/action";
import { Field } from "../../components/field";
import { ReviewedForm, useCostLines, type ReviewLine } from "../../components/review";
import { useText } from "../../i18n/language";
import { walletService } from "../../worker/client";
import type { Overview } from "../../worker/overview";

export function Meters({ network, overview }: { network: Network; overview: Overview }) {
  const text = useText();
  return (
    <section>
      <h2>{text("meters")}</h2>
      {overview.meters.map((meter, place) => (
        <div key={place}>
          <p>{text("meterLine", { microgrid: String(meter.microgrid), capacity: String(meter.capacity) })}</p>
          {network.bundles && <Epoch network={network} place={place} />}
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

/** `place`: the meter's among the wallet's. */
function Epoch({ network, place }: { network: Network; place: number }) {
  const text = useText();
  const costLines = useCostLines(network);
  const [epoch, setEpoch] = useState("");
  const [amount, setAmount] = useState("");
  const digits = { inputMode: "numeric" as const, pattern: "[0-9]{1,18}", autocomplete: "off" };
  const fields = <Field label={text("epoch")} {...digits} value={epoch} onValue={setEpoch} />;
  const reviewIssue = async (): Promise<ReviewLine[]> => {
    const { asset, amount: taken, cost } = await walletService().epochCost(place, epoch);
    return [["epoch", epoch], ...costLines(taken, asset, cost).slice(0, 2)];
  };
  const reviewSettle = async (): Promise<ReviewLine[]> => {
    const { asset, amount: burned, cost } = await walletService().epochCost(place, epoch, amount);
    return [["epoch", epoch], ...costLines(burned, asset, cost)];
  };
  return (
    <div class="panels">
      <div>
        <h3>{text("issue")}</h3>
        <ReviewedForm
          button="issue"
          prepare={reviewIssue}
          act={async (tell) => {
            const transaction = await walletService().issue(place, epoch, proofProgress(tell));
            return { key: "sent", values: { transaction } };
          }}
        >
          {fields}
        </ReviewedForm>
      </div>
      <div>
        <h3>{text("settle")}</h3>
        <ReviewedForm
          button="settle"
          prepare={reviewSettle}
          act={async (tell) => {
            const transaction = await walletService().settle(place, epoch, amount, proofProgress(tell));
            return { key: "sent", values: { transaction } };
          }}
        >
          {fields}
          <Field label={text("amount")} inputMode="decimal" autocomplete="off" value={amount} onValue={setAmount} />
        </ReviewedForm>
      </div>
    </div>
  );
}
