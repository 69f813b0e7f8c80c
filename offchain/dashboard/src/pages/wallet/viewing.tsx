/** The key that shows a whole wallet to who has it. */

import { useState } from "preact/hooks";

import { derivationProgress, Outcome, useAction } from "../../components/action";
import { Field, Form } from "../../components/field";
import { useText } from "../../i18n/language";
import { walletService } from "../../worker/client";

export function Viewing() {
  const text = useText();
  const action = useAction();
  const [password, setPassword] = useState("");
  const [key, setKey] = useState("");
  const show = (): void =>
    action.run(async (tell) => {
      setKey(await walletService().viewingKey(password, derivationProgress(tell)));
      setPassword("");
    });
  return (
    <section>
      <h2>{text("viewingKey")}</h2>
      <p class="faint">{text("viewingKeyText")}</p>
      {key ? (
        <>
          <p class="code" data-testid="viewing-key">
            {key}
          </p>
          <button type="button" class="quiet" onClick={() => setKey("")}>
            {text("viewingKeyHide")}
          </button>
        </>
      ) : (
        <Form onSend={show}>
          <Field
            label={text("password")}
            type="password"
            autocomplete="current-password"
            value={password}
            onValue={setPassword}
          />
          <button class="quiet" disabled={action.busy}>
            {text("viewingKeyShow")}
          </button>
        </Form>
      )}
      <Outcome action={action} />
    </section>
  );
}
