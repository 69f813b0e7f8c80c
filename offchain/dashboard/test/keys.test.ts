/** Keys, addresses, notes and key files are those of the wallet in Python. */

import { describe, expect, it, test } from "vitest";

import { meterCard } from "../src/metering/card";
import { Address } from "../src/wallet/address";
import { Seed, ViewingKey } from "../src/wallet/keys";
import { loaded, saved } from "../src/wallet/keystore";
import { Note } from "../src/wallet/note";
import type { Hex } from "viem";
import { bytes, number, numbers, vectors } from "./vectors";

describe.each(vectors.seeds)("the seed $words", (vector) => {
  const keys = Seed.fromWords(vector.words).keys();

  it("has Python's keys", () => {
    expect(Seed.fromWords(vector.words).entropy).toEqual(bytes(vector.entropy));
    expect(new Seed(bytes(vector.entropy)).words).toBe(vector.words);
    expect(keys.spendingKey).toBe(number(vector.spendingKey));
    expect(keys.viewing.publicKey).toBe(number(vector.publicKey));
    expect(keys.viewing.nullifierKey).toBe(number(vector.nullifierKey));
    expect(keys.viewing.decryptionKey).toEqual(bytes(vector.decryptionKey));
    expect(keys.account().address).toBe(vector.account);
  });

  it("has Python's texts, and reads them", () => {
    expect(keys.address.toString()).toBe(vector.address);
    expect(Address.parse(vector.address)).toEqual(keys.address);
    expect(Address.parse(vector.address.toUpperCase())).toEqual(keys.address);
    expect(keys.viewing.export()).toBe(vector.viewingKey);
    expect(ViewingKey.parse(vector.viewingKey)).toEqual(keys.viewing);
  });

  it("has Python's meters", () => {
    const indices = vector.meterSecrets.map((_, index) => index);
    expect(indices.map((index) => keys.meterSecret(index))).toEqual(numbers(vector.meterSecrets));
    expect(indices.map((index) => keys.meterCommitment(index))).toEqual(numbers(vector.meterCommitments));
    expect(indices.map((index) => meterCard(keys.meterSecret(index)))).toEqual(vector.meterCards);
  });
});

test.each([
  ["one two", "12 or 24 words, not 2"],
  [`${"abandon ".repeat(11)}abandn`, "word 12, abandn,"],
  ["abandon ".repeat(12), "checksum is wrong"],
])("words %s are refused", (words, reason) => {
  expect(() => Seed.fromWords(words)).toThrow(reason);
});

test("a new seed is restored from its words", () => {
  for (const count of [12, 24] as const) {
    const seed = Seed.new(count);
    expect(seed.words.split(" ")).toHaveLength(count);
    expect(Seed.fromWords(`  ${seed.words.toUpperCase()} `)).toEqual(seed);
  }
});

test.each(vectors.notes)("a note of $amount has Python's commitment and nullifier", (vector) => {
  const { viewing } = new Seed(bytes(vectors.seeds[0].entropy)).keys();
  const note = new Note(vector.asset as Hex, number(vector.amount), number(vector.blinding), viewing.publicKey);
  expect([note.npk, note.commitment]).toEqual(numbers([vector.npk, vector.commitment]));
  expect(note.nullifier(viewing.nullifierKey, Number(vector.position))).toBe(number(vector.nullifier));
});

describe("an address", () => {
  const [{ address }] = vectors.seeds;

  it("with any character changed is refused", () => {
    for (let place = 7; place < address.length; place++) {
      const other = address[place] === "q" ? "p" : "q";
      expect(() => Address.parse(address.slice(0, place) + other + address.slice(place + 1))).toThrow("openmg");
    }
  });

  it("that everybody could read is refused", () => {
    // Points of order 1, 2, 4 and 8 of Curve25519 and its twist, as RFC 7748 warns of.
    const small = ["00", "01", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"];
    for (const text of small) {
      const key = bytes(`0x${text.padEnd(64, "0")}`);
      expect(() => Address.fromBytes(Uint8Array.of(...new Uint8Array(32).fill(1), ...key))).toThrow("no valid key");
    }
  });

  it("of another kind is refused", () => {
    expect(() => Address.parse(vectors.seeds[0].viewingKey)).toThrow("starts with openmgview, not openmg");
    expect(() => ViewingKey.parse(address)).toThrow("starts with openmg, not openmgview");
  });
});

describe("a key file", () => {
  const { password, content, entropy } = vectors.keyFile;

  it("that Python wrote is opened with its password alone", async () => {
    expect((await loaded(content, password)).entropy).toEqual(bytes(entropy));
    await expect(loaded(content, `${password} `)).rejects.toThrow("password is wrong");
  });

  it("is read again, and holds no trace of the seed", async () => {
    const seed = Seed.new();
    const text = await saved(seed, password, undefined, 1 << 10);
    expect(await loaded(text, password)).toEqual(seed);
    expect(text).not.toContain(Buffer.from(seed.entropy).toString("hex"));
    await expect(saved(seed, "")).rejects.toThrow("a password is needed");
  });

  it("that was tampered with is refused", async () => {
    const file = JSON.parse(content);
    const { crypto } = file;
    const flipped = (crypto.ciphertext[0] === "0" ? "1" : "0") + crypto.ciphertext.slice(1);
    const altered = { ...file, crypto: { ...crypto, ciphertext: flipped } };
    await expect(loaded(JSON.stringify(altered), password)).rejects.toThrow("password is wrong, or the key file");
    const { iv } = crypto.cipherparams;
    const counter = { ...crypto, cipherparams: { iv: (iv[0] === "0" ? "1" : "0") + iv.slice(1) } };
    await expect(loaded(JSON.stringify({ ...file, crypto: counter }), password)).rejects.toThrow("damaged or none");
    const { checksum: _, ...plain } = file;
    expect((await loaded(JSON.stringify(plain), password)).entropy).toEqual(bytes(entropy));
    const costly = { ...file, crypto: { ...crypto, kdfparams: { ...crypto.kdfparams, n: 2 ** 30 } } };
    for (const text of ["", "{}", "null", JSON.stringify(costly), JSON.stringify({ ...file, version: 1 })]) {
      await expect(loaded(text, password)).rejects.toThrow("damaged or none");
    }
  });
});
