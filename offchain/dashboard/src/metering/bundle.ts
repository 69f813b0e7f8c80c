/** An epoch's readings and paths for their owners: one public file in which each owner finds its own part alone. The format
 * is that of `offchain/metering/bundle.py`; numbers are big-endian. */

import { blake2b } from "@noble/hashes/blake2b";
import nacl from "tweetnacl";
import { bytesToBigInt } from "viem";

import { UserError } from "../errors";
import { isOfSmallOrder } from "../wallet/address";
import { DEPTH, emptyHash, type Reading, type ReadingPath } from "./readingsTree";

const MAGIC = "omgr";
const VERSION = 1;
const HEADER_BYTES = 58;
const LEAF_BYTES = 12;
const LEVEL_BYTES = 48;
const TAG_BYTES = 16;
const AUTHENTICATOR_BYTES = 16;
/** The same in every box: each has a shared secret of its own. */
const NONCE = new Uint8Array(nacl.box.nonceLength);

/** A bundle that was fetched. */
export class Bundle {
  private constructor(
    private readonly levels: number,
    private readonly count: number,
    private readonly publicKey: Uint8Array,
    private readonly parts: Uint8Array,
  ) {}

  /** The bundle of bytes from anybody. Throws UserError. */
  static parse(data: Uint8Array): Bundle {
    const isBundle = new TextDecoder().decode(data.subarray(0, 4)) === MAGIC && data[4] === VERSION;
    if (data.length < HEADER_BYTES || !isBundle) throw new UserError("bundleOther");
    const count = Number(bytesToBigInt(data.slice(22, 26)));
    const bundle = new Bundle(data[5], count, data.slice(26, HEADER_BYTES), data.subarray(HEADER_BYTES));
    if (bundle.levels > DEPTH || bundle.parts.length !== count * bundle.size) throw new UserError("bundleDamaged");
    return bundle;
  }

  /** The reading and path of the meter with that commitment, by its private key; null if there is no part for it. Nothing
   * is checked against the chain here. Throws UserError for a part that isn't what it should be. */
  open(commitment: bigint, key: Uint8Array): [Reading, ReadingPath] | null {
    if (isOfSmallOrder(this.publicKey)) return null;
    const shared = nacl.box.before(this.publicKey, key);
    const box = this.find(blake2b(new Uint8Array(), { key: shared, personalization: PERSONAL, dkLen: TAG_BYTES }));
    if (!box) return null;
    const part = nacl.box.open.after(box, NONCE, shared);
    if (!part) throw new UserError("bundleDamaged");
    return this.read(commitment, part);
  }

  private get size(): number {
    return TAG_BYTES + AUTHENTICATOR_BYTES + LEAF_BYTES + this.levels * LEVEL_BYTES;
  }

  /** The box behind a tag, by halving: the parts stand in the order of tags. */
  private find(tag: Uint8Array): Uint8Array | null {
    let [low, high] = [0, this.count];
    const wanted = bytesToBigInt(tag);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.tagAt(middle) < wanted) low = middle + 1;
      else high = middle;
    }
    if (low === this.count || this.tagAt(low) !== wanted) return null;
    return this.parts.slice(low * this.size + TAG_BYTES, (low + 1) * this.size);
  }

  private tagAt(number: number): bigint {
    return bytesToBigInt(this.parts.slice(number * this.size, number * this.size + TAG_BYTES));
  }

  private read(commitment: bigint, part: Uint8Array): [Reading, ReadingPath] {
    const number = (at: number, bytes: number): bigint => bytesToBigInt(part.slice(at, at + bytes));
    const levels = Array.from({ length: DEPTH }, (_, level) => {
      const at = LEAF_BYTES + level * LEVEL_BYTES;
      if (level >= this.levels) return [emptyHash(level), 0n, 0n];
      return [number(at, 32), number(at + 32, 8), number(at + 40, 8)];
    });
    const [hashes, exported, imported] = [0, 1, 2].map((column) => levels.map((level) => level[column]));
    const reading = { commitment, exported: number(4, 4), imported: number(8, 4) };
    return [reading, { index: Number(number(0, 4)), hashes, exported, imported }];
  }
}

/** BLAKE2b's personalisation is 16 bytes long, filled up with zeros. */
const PERSONAL = new Uint8Array(16);
PERSONAL.set(new TextEncoder().encode("openmg tag"));
