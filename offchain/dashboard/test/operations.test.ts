/** Ciphertexts, requests, shields, readings and choices of notes are those of the wallet in Python. */

import nacl from "tweetnacl";
import { keccak256, numberToHex, toBytes, type Hex } from "viem";
import { describe, expect, it, test } from "vitest";

import { mostWithin } from "../src/chain/exchange";
import { Bundle } from "../src/metering/bundle";
import { readingKey } from "../src/metering/card";
import { verifyReading } from "../src/metering/readingsTree";
import { sealWith, unseal, type Record } from "../src/wallet/ciphertext";
import { lastEpochs, usable, type Epoch } from "../src/wallet/epochs";
import type { MeterChanged, RawLog } from "../src/wallet/events";
import { Seed } from "../src/wallet/keys";
import { issueNullifier, largestCap, settleNullifier, smallestCap, tradeNullifier } from "../src/wallet/meter";
import { Note } from "../src/wallet/note";
import { calldataOf, contextHash, requestJson, type Operation } from "../src/wallet/request";
import { select } from "../src/wallet/selection";
import { approval, shielding } from "../src/wallet/shielding";
import { RegistrationTree } from "../src/wallet/trees";
import { proofFromNumbers } from "../src/zk/proof";
import { bytes, number, numbers, vectors } from "./vectors";

const [owner, other] = vectors.seeds.map((seed) => new Seed(bytes(seed.entropy)).keys());

function note(text: { asset: string; amount: string; blinding: string }, holder = owner): Note {
  return new Note(text.asset as Hex, number(text.amount), number(text.blinding), holder.viewing.publicKey);
}

describe.each(vectors.sealed)("what act $record.act seals", (vector) => {
  const { record: text, ciphertexts } = vector;
  const record: Record = {
    act: Number(text.act) as Record["act"],
    amount: number(text.amount),
    fee: number(text.fee),
    counterparty: bytes(text.counterparty),
    secret: number(text.secret),
  };

  it("is the same, byte by byte", () => {
    const contents = [
      { key: other.address.encryptionKey, note: note(vector.paid, other) },
      { key: owner.address.encryptionKey, note: note(vector.change), record },
      { key: other.address.encryptionKey, blinding: number(vector.blinding) },
    ];
    const ephemeral = nacl.box.keyPair.fromSecretKey(bytes(vector.ephemeral));
    expect(sealWith(ephemeral, contents)).toEqual(bytes(ciphertexts));
  });

  it("is opened by each owner, and by nobody else", () => {
    const opened = unseal(bytes(ciphertexts), owner.viewing);
    expect(opened).toEqual([null, { note: note(vector.change), record }, null]);
    const blinding = number(vector.blinding);
    expect(unseal(bytes(ciphertexts), other.viewing)).toEqual([{ note: note(vector.paid, other) }, null, { blinding }]);
    expect(unseal(bytes(ciphertexts), Seed.new().keys().viewing)).toEqual([null, null, null]);
  });

  it("is passed over where it is damaged", () => {
    const data = bytes(ciphertexts);
    for (let end = 0; end < data.length; end += 7) expect(() => unseal(data.slice(0, end), owner.viewing)).not.toThrow();
    const altered = data.map((byte, place) => (place === 200 ? byte ^ 1 : byte));
    expect(unseal(altered, owner.viewing)[1]).toBeNull();
    expect(unseal(Uint8Array.of(2, ...data.slice(1)), owner.viewing)).toEqual([]);
    expect(unseal(data.fill(0, 1, 33), owner.viewing)).toEqual([null, null, null]);
  });
});

test.each(vectors.requests)("a request to $operation has Python's context, calldata and JSON", (vector) => {
  const operation = vector.operation as Operation;
  const ciphertexts = bytes(vector.ciphertexts);
  const terms = { relayer: vector.relayer as Hex, deadline: Number(vector.deadline), ciphertexts };
  const order = vector.order && {
    asset: vector.order.asset as Hex,
    minimum: number(vector.order.minimum),
    npk: number(vector.order.npk),
  };
  const details = order ?? (vector.recipient as Hex | null) ?? undefined;
  const [chainId, contract] = [Number(vector.chainId), vector.contract as Hex];
  expect(contextHash(chainId, contract, operation, terms, details)).toBe(number(vector.context));
  const proof = proofFromNumbers(numbers(vector.proof));
  const request = { operation, chainId, contract, proof, signals: numbers(vector.signals), terms, details };
  expect(calldataOf(request)).toBe(vector.calldata);
  expect(JSON.parse(requestJson(request))).toEqual(JSON.parse(vector.json));
});

test.each(vectors.shieldings)("a shield of $asset has Python's calldata", (vector) => {
  const [asset, pool] = [vector.asset as Hex, vectors.requests[0].contract as Hex];
  const ephemeral = nacl.box.keyPair.fromSecretKey(bytes(vector.ephemeral));
  const amount = number(vector.amount);
  const made = shielding(pool, owner.address, asset, amount, number(vector.blinding), ephemeral);
  expect(made).toEqual({ to: pool, data: vector.data, value: number(vector.value) });
  expect(approval(asset, pool, amount).data).toBe(vector.approval);
});

test("a shield takes no amount that no note can have", () => {
  const pool = vectors.requests[0].contract as Hex;
  expect(() => shielding(pool, owner.address, pool, 0n)).toThrow("more than 0");
  expect(() => shielding(pool, owner.address, pool, 2n ** 128n)).toThrow("too large");
});

test("a meter's path, nullifiers and caps are Python's", () => {
  const { changes, commitment, secret, root, siblings, epoch, smallestCaps, largestCaps, ...nullifiers } = vectors.meters;
  const parsed: MeterChanged[] = changes.map((change) => ({
    kind: "meterChanged",
    microgrid: number(change.microgrid),
    commitment: number(change.commitment),
    index: Number(change.index),
    capacity: number(change.capacity),
    removed: change.removed,
  }));
  const tree = new RegistrationTree(parsed);
  const found = tree.meters.get(number(commitment))!;
  const path = tree.path(found);
  expect(path).toEqual({ index: 2, siblings: numbers(siblings), root: number(root) });
  expect([...tree.meters.keys()]).not.toContain(number(changes[1].commitment));
  const meter = { ...found, secret: number(secret), path };
  const slots = nullifiers.tradeNullifiers.map((_, slot) => tradeNullifier(meter, number(epoch), slot));
  expect(slots).toEqual(numbers(nullifiers.tradeNullifiers));
  expect(issueNullifier(meter, number(epoch))).toBe(number(nullifiers.issueNullifier));
  expect(settleNullifier(meter, number(epoch))).toBe(number(nullifiers.settleNullifier));
  for (const { energy, cap } of smallestCaps) expect(smallestCap(number(energy))).toBe(number(cap));
  const most = smallestCaps[smallestCaps.length - 1];
  expect(() => smallestCap(number(most.energy) + 1n)).toThrow("at most 4,200,000 kWh");
  for (const { capacity, caps } of largestCaps) {
    expect(caps.map((_, slot) => largestCap(number(capacity), slot))).toEqual(numbers(caps));
  }
});

test.each(vectors.bounds)("of $amount within price bounds $most can be traded", ({ falls, rises, amount, most }) => {
  const [down, up] = [falls, rises].map((side) => side && {
    pool: { eth: number(side.eth), tokens: number(side.tokens) },
    average: number(side.average),
    deviation: number(side.deviation),
  });
  expect(mostWithin(down, up, number(amount))).toBe(number(most));
});

describe("the epochs of a meter", () => {
  const rules = { epochLength: 900, correctionWindow: 60 };
  const meter = { secret: 5n, commitment: 6n, microgrid: 1n, capacity: 4_000n, path: { index: 0, siblings: [], root: 0n } };
  const word = (value: bigint): Hex => numberToHex(value, { size: 32 });
  const log = (event: string, epoch: bigint, time: number, nullifier = 0n): RawLog => ({
    address: "0x",
    topics: [keccak256(toBytes(event)), word(1n), word(epoch)],
    data: word(nullifier),
    blockNumber: "0x1",
    blockHash: "0x1",
    transactionHash: "0x1",
    blockTimestamp: numberToHex(time),
  });
  const published = (epoch: bigint, time: number): RawLog =>
    log("ReadingsPublished(uint256,uint256,uint256,uint64,uint64,bytes32)", epoch, time);
  const issued = "Issued(uint256,uint256,uint256)";
  const settled = "Settled(uint256,uint256,uint256,uint256)";
  const numbersOf = (epochs: Epoch[]): bigint[] => epochs.map((epoch) => epoch.number);

  it("are offered newest first, once they can't be corrected any more", () => {
    const logs = [published(10n, 9_900), published(11n, 10_800), published(10n, 9_930), published(12n, 11_700)];
    const { issue, settle } = usable(logs, meter, rules, 11_759);
    expect(issue).toEqual([
      { number: 11n, since: 9_900, until: 10_800 },
      { number: 10n, since: 9_000, until: 9_900 },
    ]);
    expect(settle).toEqual(issue);
    expect(numbersOf(usable(logs, meter, rules, 11_760).issue)).toEqual([12n, 11n, 10n]);
    expect(numbersOf(usable(logs.slice(0, 3), meter, rules, 9_960).issue)).toEqual([10n]); // from its first publication on
  });

  it("are left out where this meter, and none other, was used", () => {
    const own = [log(issued, 11n, 11_000, issueNullifier(meter, 11n)), log(settled, 10n, 11_000, settleNullifier(meter, 10n))];
    const logs = [published(10n, 9_900), published(11n, 10_800), ...own, log(issued, 10n, 11_000, 77n)];
    const { issue, settle } = usable(logs, meter, rules, 20_000);
    expect([numbersOf(issue), numbersOf(settle)]).toEqual([[10n], [11n]]);
  });

  it("are looked for among those of the last week, and never too many", () => {
    const week = lastEpochs(rules, 2_000_000 * 900 + 1);
    expect([week.length, week[0], week[671]]).toEqual([672, 1_999_999n, 1_999_328n]);
    expect(lastEpochs({ ...rules, epochLength: 60 }, 60_000_000)).toHaveLength(700);
    expect(lastEpochs(rules, 2_000)).toEqual([1n, 0n]);
  });
});

describe("a bundle of readings", () => {
  const { bundle, root, epoch, ...expected } = vectors.readings;
  const secret = number(vectors.seeds[0].meterSecrets[0]);
  const commitment = number(vectors.seeds[0].meterCommitments[0]);

  it("gives a meter what Python finds in it, and it fits the root", () => {
    const [reading, path] = Bundle.parse(bytes(bundle)).open(commitment, readingKey(secret))!;
    expect(reading).toEqual({ commitment, exported: number(expected.exported), imported: number(expected.imported) });
    expect(path.index).toBe(Number(expected.index));
    expect([path.hashes, path.exported, path.imported]).toEqual(
      [expected.hashes, expected.exportedSums, expected.importedSums].map(numbers),
    );
    expect(verifyReading(number(root), number(epoch), reading, path)).toBe(true);
    expect(verifyReading(number(root), number(epoch), { ...reading, imported: reading.imported + 1n }, path)).toBe(false);
    expect(verifyReading(number(root), number(epoch), { ...reading, imported: -1n }, path)).toBe(false);
  });

  it("gives others nothing, and damaged ones are named", () => {
    expect(Bundle.parse(bytes(bundle)).open(commitment, readingKey(secret + 1n))).toBeNull();
    expect(() => Bundle.parse(bytes(bundle).slice(0, -1))).toThrow("not the one that was published");
    expect(() => Bundle.parse(new Uint8Array(60))).toThrow("no bundle of readings");
    const altered = bytes(bundle);
    const size = (altered.length - 58) / 5; // a header, then a part for each of five meters, its tag first
    for (let part = 58; part < altered.length; part += size) altered[part + 40] ^= 1;
    const open = (): unknown => Bundle.parse(altered).open(commitment, readingKey(secret));
    expect(open).toThrow("not the one that was published");
  });
});

test.each(vectors.selections)("of notes of $amounts the same ones as in Python pay $needed", (vector) => {
  const notes = numbers(vector.amounts).map((amount, position) => ({
    note: new Note(vectors.notes[1].asset as Hex, amount, BigInt(position), owner.viewing.publicKey),
    position,
    nullifier: BigInt(position),
  }));
  const run = (): unknown => {
    const { inputs, consolidations, rounds } = select(notes, [], number(vector.needed));
    return [inputs, ...consolidations].map((group) => group.map((one) => one.position)).concat([[rounds]]);
  };
  if (!vector.plan) expect(run).toThrow("not enough");
  else {
    const { inputs, groups, rounds } = vector.plan;
    expect(run()).toEqual([inputs, ...groups, [rounds]].map((group) => group.map(Number)));
  }
});
