/** A new wallet, or one restored from its words or a key file. */

import { useState } from "preact/hooks";

import { derivationProgress, Outcome, useAction } from "../../components/action";
import { Field, Form } from "../../components/field";
import { useText } from "../../i18n/language";
import { walletService } from "../../worker/client";

const SHORTEST_PASSWORD = 10;

export function Welcome({ onOpen }: { onOpen: () => void }) {
  const text = useText();
  return (
    <div class="panels">
      <section class="wide">
        <h1>{text("welcome")}</h1>
        <p>{text("welcomeText")}</p>
      </section>
      <NewWallet onOpen={onOpen} />
      <RestoredWallet onOpen={onOpen} />
      <FileWallet onOpen={onOpen} />
    </div>
  );
}

function NewWallet({ onOpen }: { onOpen: () => void }) {
  const text = useText();
  const action = useAction();
  const [words, setWords] = useState("");
  const [isWritten, setWritten] = useState(false);
  const show = (): void => action.run(async () => setWords(await walletService().newWords()));
  return (
    <section>
      <h2>{text("newWallet")}</h2>
      {words ? (
        <>
          <p>{text("wordsWrite")}</p>
          <Words words={words} />
          <label class="check">
            <input type="checkbox" checked={isWritten} onChange={(event) => setWritten(event.currentTarget.checked)} />
            {text("wordsWritten")}
          </label>
          {isWritten && <Kept words={words} onOpen={onOpen} button={text("create")} />}
        </>
      ) : (
        <button type="button" onClick={show}>
          {text("newWallet")}
        </button>
      )}
      <Outcome action={action} />
    </section>
  );
}

function RestoredWallet({ onOpen }: { onOpen: () => void }) {
  const text = useText();
  const [words, setWords] = useState("");
  return (
    <section>
      <h2>{text("restore")}</h2>
      <label>
        {text("words")}
        <textarea
          rows={3}
          autocomplete="off"
          spellcheck={false}
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <span class="faint">{text("wordsHint")}</span>
      </label>
      <Kept words={words} onOpen={onOpen} button={text("restore")} />
    </section>
  );
}

/** Asks for a password and keeps the wallet of words under it. */
function Kept({ words, onOpen, button }: { words: string; onOpen: () => void; button: string }) {
  const text = useText();
  const action = useAction();
  const [password, setPassword] = useState("");
  const isShort = password.length > 0 && password.length < SHORTEST_PASSWORD;
  const keep = (): void =>
    action.run(async (tell) => {
      await walletService().create(words, password, derivationProgress(tell));
      onOpen();
    });
  return (
    <Form onSend={keep}>
      <Field
        label={text("password")}
        type="password"
        autocomplete="new-password"
        minLength={SHORTEST_PASSWORD}
        value={password}
        onValue={setPassword}
        hint={text(isShort ? "passwordShort" : "passwordHint")}
      />
      <button disabled={action.busy}>{button}</button>
      <Outcome action={action} />
    </Form>
  );
}

function FileWallet({ onOpen }: { onOpen: () => void }) {
  const text = useText();
  const action = useAction();
  const [file, setFile] = useState<File | null>(null);
  const [password, setPassword] = useState("");
  const open = (): void =>
    action.run(async (tell) => {
      await walletService().takeFile((await file?.text()) ?? "", password, derivationProgress(tell));
      onOpen();
    });
  return (
    <section>
      <h2>{text("restoreFile")}</h2>
      <Form onSend={open}>
        <label>
          {text("keyFile")}
          <input type="file" accept=".json" required onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
        </label>
        <Field label={text("password")} type="password" autocomplete="off" value={password} onValue={setPassword} />
        <button disabled={action.busy}>{text("open")}</button>
        <Outcome action={action} />
      </Form>
    </section>
  );
}

/** Words in their order. */
export function Words({ words }: { words: string }) {
  return (
    <ol class="words code">
      {words.split(" ").map((word, place) => (
        <li key={place}>{word}</li>
      ))}
    </ol>
  );
}
