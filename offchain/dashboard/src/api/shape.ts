/** What an answer in JSON is held against: a reader gives the value it expects, or throws TypeError. */

export type Reader<T> = (value: unknown) => T;
export type Read<R> = R extends Reader<infer T> ? T : never;

export const text: Reader<string> = (value) => {
  if (typeof value !== "string") throw new TypeError("no text");
  return value;
};

export const number: Reader<number> = (value) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new TypeError("no number");
  return value;
};

export const truth: Reader<boolean> = (value) => {
  if (typeof value !== "boolean") throw new TypeError("neither true nor false");
  return value;
};

/** An amount that is sent as decimal digits, since it may be larger than a number. */
export const amount: Reader<bigint> = (value) => {
  if (typeof value !== "string" || !/^-?\d{1,90}$/.test(value)) throw new TypeError("no amount");
  return BigInt(value);
};

/** Money, which is sent as a decimal text or as a number. */
export const money: Reader<number> = (value) => {
  if (typeof value === "string" && !/^-?\d{1,30}(\.\d{1,30})?$/.test(value)) throw new TypeError("no money");
  return number(typeof value === "string" ? Number(value) : value);
};

export const oneOf =
  <T extends string>(...words: T[]): Reader<T> =>
  (value) => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw new TypeError("none of the words");
    return found;
  };

export const list =
  <T>(of: Reader<T>): Reader<T[]> =>
  (value) => {
    if (!Array.isArray(value)) throw new TypeError("no list");
    return value.map(of);
  };

/** What may be null, or not there at all. */
export const optional =
  <T>(of: Reader<T>): Reader<T | null> =>
  (value) =>
    value === null || value === undefined ? null : of(value);

/** An object of texts by any names. */
export const texts: Reader<{ readonly [name: string]: string }> = (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("no object");
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, text(each)]));
};

/** An object's named fields; others are left out. */
export const fields =
  <Readers extends Record<string, Reader<unknown>>>(readers: Readers): Reader<{ [name in keyof Readers]: Read<Readers[name]> }> =>
  (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("no object");
    const found = value as Record<string, unknown>;
    const read = Object.entries(readers).map(([name, reader]) => [name, reader(found[name])]);
    return Object.fromEntries(read) as { [name in keyof Readers]: Read<Readers[name]> };
  };
