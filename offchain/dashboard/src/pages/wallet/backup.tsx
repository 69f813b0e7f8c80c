/** Words and key file of the wallet, and how it is removed from this browser. */

import { useState } from "preact/hooks";

import { derivationProgress, Outcome, useAction } from "../../components/action";
import { Field, Form } from "../../components/field";
import { save as saveFile } from "../../components/save";
import { useText } from "../../i18n/language";
import { walletService } from "../../worker/client";
import { Words } from "./welcome";

export function Backup({ onRemoved }: { onRemoved: () => void }) {
  const text = useText();
  const action = useAction();
  const [password, setPassword] = useState("");
  const [words, setWords] = useState("");
  const show = (): void =>
    action.run(async (tell) => {
      setWords(await walletService().words(password, derivationProgress(tell)));
      setPassword("");
    });
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
      {words ? (
        <>
          <Words words={words} />
          <button type="button" class="quiet" onClick={() => setWords("")}>
            {text("hideWords")}
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
            {text("showWords")}
          </button>
        </Form>
      )}
      <Outcome action={action} />
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
