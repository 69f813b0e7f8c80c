/** The password of a wallet that this browser keeps. */

import { useState } from "preact/hooks";

import { derivationProgress, Outcome, useAction } from "../../components/action";
import { Form } from "../../components/field";
import { useText } from "../../i18n/language";
import { walletService } from "../../worker/client";
import { Removal } from "./backup";
import { Password } from "./password";

export function Unlock({ onOpen }: { onOpen: () => void }) {
  const text = useText();
  const action = useAction();
  const [password, setPassword] = useState("");
  const unlock = (): void =>
    action.run(async (tell) => {
      await walletService().unlock(password, derivationProgress(tell));
      onOpen();
    });
  return (
    <div class="panels">
      <section>
        <h1>{text("unlockTitle")}</h1>
        <Form onSend={unlock}>
          <Password value={password} onValue={setPassword} />
          <button disabled={action.busy}>{text("unlock")}</button>
          <Outcome action={action} />
        </Form>
      </section>
      <section>
        <h2>{text("remove")}</h2>
        <Removal onRemoved={onOpen} />
      </section>
    </div>
  );
}
