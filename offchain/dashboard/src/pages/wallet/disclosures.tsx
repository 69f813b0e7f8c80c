/** Showing one auditor a part of the history. */

import { proxy } from "comlink";
import { useState } from "preact/hooks";
import type { Hex } from "viem";

import { Outcome, proofProgress, useAction } from "../../components/action";
import { Field, Form } from "../../components/field";
import { save } from "../../components/save";
import type { TextKey } from "../../i18n/dictionary";
import { useText } from "../../i18n/language";
import type { Wanted } from "../../wallet/disclose";
import type { Subject } from "../../wallet/disclosure";
import { walletService } from "../../worker/client";

const SUBJECTS: { readonly [subject in Subject]: TextKey } = {
  payment: "disclosurePayment",
  statement: "disclosureStatement",
  settlement: "disclosureSettlement",
};
const DAY = 24 * 60 * 60;

export function Disclosures() {
  const text = useText();
  const action = useAction();
  const [subject, setSubject] = useState<Subject>("payment");
  const [transaction, setTransaction] = useState("");
  const [first, setFirst] = useState("");
  const [last, setLast] = useState("");
  const [auditor, setAuditor] = useState("");
  const [purpose, setPurpose] = useState("");
  const wanted = (): Wanted =>
    subject === "statement"
      ? { subject, since: startOf(first), until: startOf(last) + DAY }
      : { subject, transaction: transaction.trim() as Hex };
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
          <Field
            label={text("transaction")}
            autocomplete="off"
            spellcheck={false}
            value={transaction}
            onValue={setTransaction}
            hint={text("transactionHint")}
          />
        )}
        <Field label={text("auditor")} autocomplete="off" spellcheck={false} value={auditor} onValue={setAuditor} />
        <Field label={text("purpose")} autocomplete="off" value={purpose} onValue={setPurpose} />
        <button disabled={action.busy}>{text("disclose")}</button>
        <Outcome action={action} />
      </Form>
    </section>
  );
}

/** Unix time of a day's beginning (UTC), of a date field's text. */
function startOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}
