/** Sums of points by bucket, in affine coordinates: all additions of a round share one inversion (Montgomery's trick),
 * which makes one cost six multiplications instead of eleven. */

import type { Curve, Group } from "./curve";

/** What is to be done with a pair of points P, Q. */
const ADD = 0;
const DOUBLE = 1;
const TAKE_FIRST = 2; // Q is infinity
const TAKE_SECOND = 3;
const CANCEL = 4; // P = -Q

export class Buckets {
  /** Bytes of a point. */
  private readonly size: number;
  private readonly inverses: number;
  private readonly slope: number;
  private readonly square: number;
  private readonly results: number;
  private readonly firsts: Int32Array;
  private readonly seconds: Int32Array;
  private readonly kinds: Uint8Array;
  private used = 0;

  /** `most` points go into buckets at once, `sums` pairs at most are added until `clear`. */
  constructor(
    private readonly curve: Curve,
    private readonly group: Group,
    most: number,
    sums: number,
  ) {
    const { bytes } = group;
    const pairs = most >>> 1;
    this.size = 2 * bytes;
    this.slope = curve.alloc(bytes);
    this.square = curve.alloc(bytes);
    this.results = curve.alloc(sums * this.size);
    this.inverses = curve.alloc(pairs * bytes, (pairs + 1) * bytes);
    this.firsts = new Int32Array(pairs);
    this.seconds = new Int32Array(pairs);
    this.kinds = new Uint8Array(pairs);
  }

  /** Forgets all sums. */
  clear(): void {
    this.used = 0;
  }

  /** Addresses of the sums by bucket, 0 for infinity as for an empty one. The point at `points[i]` goes into bucket
   * `buckets[i]`. */
  sums(points: Int32Array, buckets: Int32Array, count: number): Int32Array {
    const counts = new Int32Array(count);
    for (const bucket of buckets) counts[bucket]++;
    const starts = new Int32Array(count);
    for (let bucket = 1; bucket < count; bucket++) starts[bucket] = starts[bucket - 1] + counts[bucket - 1];
    const sorted = new Int32Array(points.length);
    const next = starts.slice();
    for (let place = 0; place < points.length; place++) sorted[next[buckets[place]]++] = points[place];
    const pair = () => this.pair(sorted, starts, counts);
    for (let pairs = pair(); pairs; pairs = pair()) this.addPairs(pairs);
    const found = (start: number, bucket: number) => counts[bucket] && !this.infinite(sorted[start]);
    return starts.map((start, bucket) => (found(start, bucket) ? sorted[start] : 0));
  }

  /** Puts the points of each bucket in pairs, and in their place the address of the pair's sum to be. Gives how many
   * pairs. */
  private pair(sorted: Int32Array, starts: Int32Array, counts: Int32Array): number {
    const { firsts, seconds, size } = this;
    let sum = this.results + this.used * size;
    let pairs = 0;
    for (let bucket = 0; bucket < counts.length; bucket++) {
      const [start, count] = [starts[bucket], counts[bucket]];
      if (count < 2) continue;
      const half = count >>> 1;
      for (let place = 0; place < half; place++) {
        firsts[pairs] = sorted[start + 2 * place];
        seconds[pairs++] = sorted[start + 2 * place + 1];
        sorted[start + place] = sum;
        sum += size;
      }
      if (count & 1) sorted[start + half] = sorted[start + count - 1];
      counts[bucket] = half + (count & 1);
    }
    return pairs;
  }

  private addPairs(pairs: number): void {
    const { inverses, group, kinds } = this;
    this.denominators(pairs);
    group.field.batchInverse(inverses, group.bytes, pairs, inverses, group.bytes);
    let sum = this.results + this.used * this.size;
    for (let pair = 0; pair < pairs; pair++, sum += this.size) {
      if (kinds[pair] <= DOUBLE) this.add(pair, sum);
      else this.take(pair, sum);
    }
    this.used += pairs;
  }

  /** Of each pair's slope: x₂ - x₁, or 2y₁ where both points are the same; 0 where no slope is needed. */
  private denominators(pairs: number): void {
    const { inverses, group, firsts, seconds, kinds } = this;
    const { sub, add, zero } = group.field;
    const words = this.curve.words();
    for (let pair = 0, result = inverses; pair < pairs; pair++, result += group.bytes) {
      const [first, second] = [firsts[pair], seconds[pair]];
      sub(second, first, result);
      // A number whose lowest word isn't 0 isn't 0: nearly all are done here.
      const rare = words[result >>> 2] === 0 || words[first >>> 2] === 0 || words[second >>> 2] === 0;
      const kind = rare ? this.kindOf(first, second, result) : ADD;
      if (kind === DOUBLE) add(first + group.bytes, first + group.bytes, result);
      else if (kind !== ADD) zero(result);
      kinds[pair] = kind;
    }
  }

  private kindOf(first: number, second: number, difference: number): number {
    const { field, bytes } = this.group;
    if (this.infinite(second)) return TAKE_FIRST;
    if (this.infinite(first)) return TAKE_SECOND;
    if (!field.isZero(difference)) return ADD;
    return field.eq(first + bytes, second + bytes) ? DOUBLE : CANCEL;
  }

  private infinite(point: number): boolean {
    const { field, bytes } = this.group;
    return field.isZero(point) !== 0 && field.isZero(point + bytes) !== 0;
  }

  /** x₃ = slope² - x₁ - x₂, y₃ = slope (x₁ - x₃) - y₁. */
  private add(pair: number, sum: number): void {
    const { slope, square: squared, group, inverses } = this;
    const { field, bytes } = group;
    const [first, second, inverse] = [this.firsts[pair], this.seconds[pair], inverses + pair * bytes];
    if (this.kinds[pair] === ADD) field.sub(second + bytes, first + bytes, slope);
    else {
      field.square(first, squared);
      field.add(squared, squared, slope);
      field.add(slope, squared, slope);
    }
    field.mul(slope, inverse, slope);
    field.square(slope, squared);
    field.sub(squared, first, sum);
    field.sub(sum, second, sum);
    field.sub(first, sum, squared);
    field.mul(slope, squared, squared);
    field.sub(squared, first + bytes, sum + bytes);
  }

  private take(pair: number, sum: number): void {
    const { field, bytes } = this.group;
    const kind = this.kinds[pair];
    const from = (kind === TAKE_FIRST ? this.firsts : this.seconds)[pair];
    for (const offset of [0, bytes]) {
      if (kind === CANCEL) field.zero(sum + offset);
      else field.copy(from + offset, sum + offset);
    }
  }
}
