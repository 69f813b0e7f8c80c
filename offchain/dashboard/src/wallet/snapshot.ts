/** JSON with integers of any size, for what a wallet keeps. */

const BIG = "#";

/** The text of a value: integers beyond JSON's are written as texts that begin with a mark. */
export function toText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "bigint" ? BIG + part.toString(16) : typeof part === "string" ? `"${part}` : part,
  );
}

/** The value of a text that `toText` wrote. It must come from a place where nobody else can write: nothing is checked. */
export function fromText<T>(text: string): T {
  return JSON.parse(text, (_, part: unknown) =>
    typeof part !== "string" ? part : part.startsWith(BIG) ? BigInt(`0x${part.slice(1)}`) : part.slice(1),
  );
}
