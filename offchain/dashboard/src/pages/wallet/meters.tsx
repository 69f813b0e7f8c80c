/** The wallet's meters: taking exported energy as a note, and settling what was imported. */

import { useState } from "preact/hooks";

import type { Network } from "../../chain/network";
import { Outcome, proofProgress, useAction } from "../../components/action";
import { Field, Form } from "../../components/field";
import { useText } from "../../i18n/language";
import { walletService } from "../../worker/client";
import type { Overview } from "../../worker/service";

export function Meters({ network, overview }: { network: Network; overview: Overview }) {
  const text = useText();
  return (
    <section>
      <h2>{text("meters")}</h2>
      {overview.meters.map(({ microgrid, capacity }, place) => (
        <div key={place}>
          <p>{text("meterLine", { microgrid: String(microgrid), capacity: String(capacity) })}</p>
          {network.bundles && <Epoch meter={place} />}
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

function Epoch({ meter }: { meter: number }) {
  const text = useText();
  const action = useAction();
  const [epoch, setEpoch] = useState("");
  const [amount, setAmount] = useState("");
  const issue = (): void =>
    action.run(async (tell) => {
      const transaction = await walletService().issue(meter, epoch, proofProgress(tell));
      return { key: "sent", values: { transaction } };
    });
  const settle = (): void =>
    action.run(async (tell) => {
      const transaction = await walletService().settle(meter, epoch, amount, proofProgress(tell));
      return { key: "sent", values: { transaction } };
    });
  const digits = { inputMode: "numeric" as const, pattern: "[0-9]{1,18}", autocomplete: "off" };
  return (
    <>
      <Form onSend={issue}>
        <Field label={text("epoch")} {...digits} value={epoch} onValue={setEpoch} />
        <button disabled={action.busy}>{text("issue")}</button>
      </Form>
      <Form onSend={settle}>
        <Field label={text("amount")} inputMode="decimal" autocomplete="off" value={amount} onValue={setAmount} />
        <button disabled={action.busy || !epoch}>{text("settle")}</button>
      </Form>
      <Outcome action={action} />
    </>
  );
}
