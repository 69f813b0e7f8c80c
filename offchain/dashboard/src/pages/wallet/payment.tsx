/** Paying to an address in the pool, and out to a public account. */

import { useState } from "preact/hooks";

import { assetsOf } from "../../chain/assets";
import type { Network } from "../../chain/network";
import { Outcome, proofProgress, useAction } from "../../components/action";
import { AssetField, Field, Form } from "../../components/field";
import { useText } from "../../i18n/language";
import { ETH } from "../../wallet/asset";
import { walletService } from "../../worker/client";

export function Send({ network }: { network: Network }) {
  const text = useText();
  const payment = usePayment("send");
  return (
    <section>
      <h2>{text("send")}</h2>
      <Form onSend={payment.pay}>
        <Field label={text("receiver")} autocomplete="off" spellcheck={false} {...payment.receiver} />
        <Amount network={network} payment={payment} />
        <button disabled={payment.action.busy}>{text("sendNow")}</button>
        <Outcome action={payment.action} />
      </Form>
    </section>
  );
}

export function Unshield({ network }: { network: Network }) {
  const text = useText();
  const payment = usePayment("unshield");
  return (
    <section>
      <h2>{text("unshield")}</h2>
      <p class="faint">{text("unshieldText")}</p>
      <Form onSend={payment.pay}>
        <Field label={text("recipient")} autocomplete="off" spellcheck={false} {...payment.receiver} />
        <Amount network={network} payment={payment} />
        <button disabled={payment.action.busy}>{text("unshieldNow")}</button>
        <Outcome action={payment.action} />
      </Form>
    </section>
  );
}

type Payment = ReturnType<typeof usePayment>;

function usePayment(kind: "send" | "unshield") {
  const action = useAction();
  const [to, setTo] = useState("");
  const [amount, setAmount] = useState("");
  const [asset, setAsset] = useState(ETH);
  const pay = (): void =>
    action.run(async (tell) => {
      const transaction = await walletService()[kind](to, amount, asset, proofProgress(tell));
      setAmount("");
      return { key: "sent", values: { transaction } };
    });
  const receiver = { value: to, onValue: setTo };
  return { action, pay, receiver, amount: { value: amount, onValue: setAmount }, asset: { value: asset, onValue: setAsset } };
}

function Amount({ network, payment }: { network: Network; payment: Payment }) {
  const text = useText();
  return (
    <>
      <AssetField label={text("asset")} assets={assetsOf(network)} {...payment.asset} />
      <Field label={text("amount")} inputMode="decimal" autocomplete="off" {...payment.amount} />
    </>
  );
}
