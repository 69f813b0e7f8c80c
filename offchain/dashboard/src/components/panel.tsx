/** A part of a page that shows an answer: while it is awaited, when it fails, and when it is there. */

import type { ComponentChildren } from "preact";

import type { Answer } from "../api/answer";
import { useText } from "../i18n/language";
import { ErrorLine } from "./errorLine";

interface Props<T> {
  readonly title: string;
  readonly answer: Answer<T>;
  readonly children: (value: T) => ComponentChildren;
  readonly isWide?: boolean;
  /** What stands above the answer whatever it is: a form. */
  readonly above?: ComponentChildren;
}

export function Panel<T>({ title, answer, children, isWide, above }: Props<T>) {
  const text = useText();
  const { value, error, again } = answer;
  return (
    <section class={isWide ? "wide" : undefined}>
      <h2>{title}</h2>
      {above}
      <ErrorLine error={error} again={again} />
      {value !== null ? children(value) : !error && <p role="status">{text("loading")}</p>}
    </section>
  );
}
