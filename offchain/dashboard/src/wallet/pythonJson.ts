/** JSON as Python's `json.dumps` writes it: hashes are made of that text. */

type Value = string | number | readonly Value[] | { readonly [name: string]: Value };

/** A space after commas and colons, and nothing but ASCII. Numbers must be whole. */
export function pythonJson(value: Value): string {
  if (typeof value === "string") return ascii(JSON.stringify(value));
  if (typeof value === "number") return String(value);
  if (isList(value)) return `[${value.map(pythonJson).join(", ")}]`;
  const parts = Object.entries(value).map(([name, part]) => `${pythonJson(name)}: ${pythonJson(part)}`);
  return `{${parts.join(", ")}}`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
