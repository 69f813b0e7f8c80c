/** Words and key file of the wallet, and how it is removed from this browser. */

import { useState } from "preact/hooks";

import { Outcome, useAction } from "../../components/action";
import { Field, Form } from "../../components/field";
import { save as saveFile } from "../../components/save";
import { useText } from "../../i18n/language";
import { walletService } from "../../worker/client";
import { Secret } from "./secret";
import { Words } from "./welcome";

export function Backup({ onRemoved }: { onRemoved: () => void }) {
  const text = useText();
  const action = useAction();
  const save = (): void => action.run(async () => saveFile("openmg-wallet.json", await walletService().backup()));
  return (
    <section>
      <h2>{text("backup")}</h2>
      <p class="faint">{text("backupText")}</p>
      <p>
        <button type="button" class="quiet" onClick={save} disabled={action.busy}>
          {text("saveFile")}
        </button>
      </p>
      <Outcome action={action} />
      <Secret
        show="showWords"
        hide="hideWords"
        reveal={(password, progress) => walletService().words(password, progress)}
      >
        {(words) => <Words words={words} />}
      </Secret>
      <Removal onRemoved={onRemoved} />
    </section>
  );
}

/** Removes the wallet after its owner has typed a word. */
export function Removal({ onRemoved }: { onRemoved: () => void }) {
  const text = useText();
  const action = useAction();
  const [typed, setTyped] = useState("");
  const remove = (): void =>
    action.run(async () => {
      if (typed !== text("removeWord")) return;
      await walletService().remove();
      onRemoved();
    });
  return (
    <Form onSend={remove}>
      <Field label={text("removeSure")} autocomplete="off" value={typed} onValue={setTyped} />
      <button class="quiet" disabled={action.busy || typed !== text("removeWord")}>
        {text("remove")}
      </button>
      <Outcome action={action} />
    </Form>
  );
}
