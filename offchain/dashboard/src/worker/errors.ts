/** Errors that cross from a worker to its page stay `UserError`s; anything else is told as unexpected. */

import { transferHandlers } from "comlink";

import { UserError, type Values } from "../errors";
import type { ErrorKey } from "../i18n/errors";

interface Told {
  readonly key: ErrorKey;
  readonly values: Values;
}

/** To be called on both sides before the first call. */
export function carryErrors(): void {
  const known = transferHandlers.get("throw")!;
  transferHandlers.set("throw", {
    canHandle: known.canHandle,
    serialize: (thrown: unknown) => [told((thrown as { value: unknown }).value), []],
    deserialize: ({ key, values }: Told) => {
      throw new UserError(key, values);
    },
  });
}

/** Any error as one of a person's. */
export function asUserError(error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError("unexpected", { reason: String(error).slice(0, 200) });
}

function told(error: unknown): Told {
  const { key, values } = asUserError(error);
  return { key, values };
}
