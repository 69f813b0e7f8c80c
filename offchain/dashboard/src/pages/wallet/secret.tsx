/** A secret of the wallet, shown for the password until it is hidden again. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { derivationProgress, Outcome, useAction } from "../../components/action";
import { Form } from "../../components/field";
import type { TextKey } from "../../i18n/dictionary";
import { useText } from "../../i18n/language";
import type { DerivationProgress } from "../../wallet/keystore";
import { Password } from "./password";

interface Props {
  /** The words of the buttons. */
  readonly show: TextKey;
  readonly hide: TextKey;
  readonly reveal: (password: string, progress: DerivationProgress) => Promise<string>;
  /** What is shown of the secret. */
  readonly children: (secret: string) => ComponentChildren;
}

export function Secret({ show, hide, reveal, children }: Props) {
  const text = useText();
  const action = useAction();
  const [password, setPassword] = useState("");
  const [secret, setSecret] = useState("");
  const ask = (): void =>
    action.run(async (tell) => {
      setSecret(await reveal(password, derivationProgress(tell)));
      setPassword("");
    });
  return (
    <>
      {secret ? (
        <>
          {children(secret)}
          <button type="button" class="quiet" onClick={() => setSecret("")}>
            {text(hide)}
          </button>
        </>
      ) : (
        <Form onSend={ask}>
          <Password value={password} onValue={setPassword} />
          <button class="quiet" disabled={action.busy}>
            {text(show)}
          </button>
        </Form>
      )}
      <Outcome action={action} />
    </>
  );
}
