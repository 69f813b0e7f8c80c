/** Showing one auditor a part of the history. */

import { proxy } from "comlink";
import { useState } from "preact/hooks";
import type { Hex } from "viem";

import type { Network } from "../../chain/network";
import { Outcome, proofProgress, useAction } from "../../components/action";
import { Field, Form } from "../../components/field";
import { save } from "../../components/save";
import type { TextKey } from "../../i18n/dictionary";
import { useText } from "../../i18n/language";
import type { Wanted } from "../../wallet/disclose";
import type { Subject } from "../../wallet/disclosure";
import type { Entry, EntryKind } from "../../wallet/history";
import { walletService } from "../../worker/client";
import { useEntryWords } from "./entry";

const SUBJECTS: { readonly [subject in Subject]: TextKey } = {
  payment: "disclosurePayment",
  statement: "disclosureStatement",
  settlement: "disclosureSettlement",
};
/** Entries of the history that can be shown by themselves. */
const SHOWABLE: { readonly [subject in Exclude<Subject, "statement">]: readonly EntryKind[] } = {
  payment: ["sent", "received", "earned"],
  settlement: ["settled"],
};
const DAY = 24 * 60 * 60;

export function Disclosures({ network, entries }: { network: Network; entries: Entry[] }) {
  const text = useText();
  const action = useAction();
  const [subject, setSubject] = useState<Subject>("payment");
  const [wantedTransaction, setTransaction] = useState("");
  const [first, setFirst] = useState("");
  const [last, setLast] = useState("");
  const [auditor, setAuditor] = useState("");
  const [purpose, setPurpose] = useState("");
  const showable = subject === "statement" ? [] : newestOf(entries, SHOWABLE[subject]);
  const transaction = (showable.find((one) => one.transaction === wantedTransaction) ?? showable[0])?.transaction;
  const wanted = (): Wanted => {
    if (subject === "statement") return { subject, since: startOf(first), until: startOf(last) + DAY };
    return { subject, transaction: transaction! }; // the button needs one
  };
  const disclose = (): void =>
    action.run(async (tell) => {
      const onLine = proxy((line: number, count: number) => tell("disclosing", { line, count }));
      const file = await walletService().disclose(wanted(), auditor, purpose, proofProgress(tell), onLine);
      save(`openmg-${subject}.json`, file);
      return { key: "disclosed" };
    });
  return (
    <section>
      <h2>{text("disclosure")}</h2>
      <p class="faint">{text("disclosureText")}</p>
      <Form onSend={disclose}>
        <label>
          {text("disclosureSubject")}
          <select value={subject} onChange={(event) => setSubject(event.currentTarget.value as Subject)}>
            {(Object.keys(SUBJECTS) as Subject[]).map((one) => (
              <option key={one} value={one}>
                {text(SUBJECTS[one])}
              </option>
            ))}
          </select>
        </label>
        {subject === "statement" ? (
          <div class="row">
            <Field label={text("firstDay")} type="date" value={first} onValue={setFirst} />
            <Field label={text("lastDay")} type="date" value={last} onValue={setLast} hint={text("dayText")} />
          </div>
        ) : (
          <EntryField network={network} entries={showable} value={transaction} onValue={setTransaction} />
        )}
        <Field label={text("auditor")} autocomplete="off" spellcheck={false} value={auditor} onValue={setAuditor} />
        <Field label={text("purpose")} autocomplete="off" value={purpose} onValue={setPurpose} />
        <button disabled={action.busy || (subject !== "statement" && !transaction)}>{text("disclose")}</button>
        <Outcome action={action} />
      </Form>
    </section>
  );
}

/** A choice of an entry, each told in a line. */
function EntryField(props: {
  network: Network;
  entries: Entry[];
  value: Hex | undefined;
  onValue: (transaction: string) => void;
}) {
  const { network, entries, value, onValue } = props;
  const text = useText();
  const wordsOf = useEntryWords(network);
  if (!entries.length) return <p role="status">{text("discloseNone")}</p>;
  return (
    <label>
      {text("discloseEntry")}
      <select value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {entries.map((entry) => (
          <option key={entry.transaction} value={entry.transaction}>
            {wordsOf(entry).line}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The entries of some kinds, newest first, one a transaction. */
function newestOf(entries: Entry[], kinds: readonly EntryKind[]): Entry[] {
  const found = entries.filter(({ kind }) => kinds.includes(kind)).reverse();
  return [...new Map(found.map((entry) => [entry.transaction, entry])).values()];
}

/** Unix time of a day's beginning (UTC), of a date field's text. */
function startOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}
