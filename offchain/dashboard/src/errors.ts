/** Errors that a person can cause or meet: one clear line, in the language of the page. */

import { ENGLISH, type ErrorKey } from "./i18n/errors";

export type Values = Record<string, string | number>;

/** Says in one line what is wrong and what to do. `message` is English; the page tells it in its own language. */
export class UserError extends Error {
  constructor(
    readonly key: ErrorKey,
    readonly values: Values = {},
  ) {
    super(filled(ENGLISH[key], values));
    this.name = "UserError";
  }
}

/** A text with its `{names}` replaced. */
export function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}
