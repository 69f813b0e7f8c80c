/** A key of the service that a person gives: in the wallet, encrypted, or for this tab alone. */

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";

import { useAnswer } from "../api/answer";
import type { ApiClient } from "../api/client";
import { forgetKey, givenKey, keepKey, type KeyUse } from "../api/key";
import { useText } from "../i18n/language";
import { walletStatus } from "../worker/client";
import { Outcome, useAction } from "./action";
import { ErrorLine } from "./errorLine";
import { Field, Form } from "./field";

interface Given {
  readonly use: KeyUse;
  readonly label: string;
  readonly client: ApiClient;
  /** What the key is good for, where there is none yet. */
  readonly explanation?: ComponentChildren;
  readonly children: (client: ApiClient) => ComponentChildren;
}

/** Asks for the key, then shows what is in it with the key in use. */
export function WithKey({ use, label, client, explanation, children }: Given) {
  const text = useText();
  const { value, error, again } = useAnswer(async () => ({ key: await givenKey(use) }), [use]);
  const key = value?.key?.text ?? null;
  const asking = useMemo(() => client.with(key), [client, key]);
  const forget = (): void => void forgetKey(use).then(again);
  if (error) return <ErrorLine error={error} again={again} />;
  if (!value) return <p role="status">{text("loading")}</p>;
  if (!key) {
    const form = <KeyForm use={use} label={label} onKept={again} />;
    if (!explanation) return form;
    return (
      <section class="narrow">
        {explanation}
        {form}
      </section>
    );
  }
  return (
    <>
      {children(asking)}
      <button type="button" class="quiet slight end" onClick={forget}>
        {text("keyForget")}
      </button>
    </>
  );
}

function KeyForm({ use, label, onKept }: { use: KeyUse; label: string; onKept: () => void }) {
  const text = useText();
  const action = useAction();
  const [key, setKey] = useState("");
  const [isKept, setKept] = useState(false);
  const { value: status } = useAnswer(walletStatus, []);
  const keep = (): void =>
    action.run(async () => {
      await keepKey(use, key, isKept ? "wallet" : "tab");
      setKey("");
      onKept();
    });
  return (
    <Form onSend={keep}>
      <Field label={label} type="password" autocomplete="off" value={key} onValue={setKey} />
      {status === "locked" && <a href="#/wallet">{text("keyLocked")}</a>}
      {status === "open" && (
        <label class="check">
          <input type="checkbox" checked={isKept} onChange={(event) => setKept(event.currentTarget.checked)} />
          {text("keyInWallet")}
        </label>
      )}
      <button disabled={action.busy}>{text("keyUse")}</button>
      <Outcome action={action} />
    </Form>
  );
}
