/** Σ sᵢ·Pᵢ by Pippenger's method (N. Pippenger 1976): each window of the scalars by itself. */

import { Buckets } from "./buckets";
import type { Curve, Group, GroupName } from "./curve";
import { bestWidth, signedDigits, windowCount, WORDS } from "./digits";

/** How a sum is cut: the whole is Σ 2^(width·i)·(sum of window i). */
export interface Windows {
  readonly width: number;
  readonly count: number;
}

export class Multiexp {
  readonly windows: Windows;
  private readonly group: Group;
  private readonly buckets: Buckets;
  private readonly digits: Int16Array[];
  /** Addresses: of the points, of their opposites, of two Jacobian points. */
  private readonly points: number;
  private readonly opposites: number;
  private readonly running: number;
  private readonly sum: number;

  /** `bases`: affine points; `scalars`: 32 bytes each, least significant first. It takes all of the curve's memory. */
  constructor(
    private readonly curve: Curve,
    name: GroupName,
    bases: Uint8Array,
    scalars: Uint8Array,
  ) {
    this.group = curve.groups[name];
    const { bytes } = this.group;
    const [points, wanted] = worthwhile(bases, scalars, 2 * bytes);
    const count = points.length / (2 * bytes);
    const width = bestWidth(count);
    const most = 2 ** (width - 1);
    this.windows = { width, count: windowCount(width) };
    this.digits = signedDigits(wanted, width);
    curve.free();
    this.running = curve.alloc(3 * bytes);
    this.sum = curve.alloc(3 * bytes);
    this.points = curve.alloc(points.length);
    this.opposites = curve.alloc(points.length);
    this.buckets = new Buckets(curve, this.group, Math.max(count, 2 * most), count + 2 * most);
    curve.write(points, this.points);
    this.oppose(count);
  }

  /** The sum of a window as a Jacobian point. */
  windowSum(window: number): Uint8Array {
    const { group, buckets, windows, sum } = this;
    buckets.clear();
    const sums = this.bucketSums(this.digits[window], 2 ** (windows.width - 1));
    // Σ d·Bₐ with d = 2^low·row + column: first sums of rows and of columns, then few multiples.
    const low = windows.width >>> 1;
    const rows = (2 ** (windows.width - 1) >>> low) + 1;
    const grid = this.gridSums(sums, low, rows);
    group.jacobian.zero(sum);
    this.addMultiples(grid.subarray(0, rows));
    for (let bit = 0; bit < low; bit++) group.jacobian.double(sum, sum);
    this.addMultiples(grid.subarray(rows));
    return this.curve.read(sum, 3 * group.bytes);
  }

  /** Sums of the points with each digit, 1 and up; a negative digit takes the opposite. */
  private bucketSums(digits: Int16Array, count: number): Int32Array {
    const size = 2 * this.group.bytes;
    const points = new Int32Array(digits.length);
    const buckets = new Int32Array(digits.length);
    let used = 0;
    for (let place = 0; place < digits.length; place++) {
      const digit = digits[place];
      if (digit === 0) continue;
      points[used] = (digit > 0 ? this.points : this.opposites) + place * size;
      buckets[used++] = Math.abs(digit) - 1;
    }
    return this.buckets.sums(points.subarray(0, used), buckets.subarray(0, used), count);
  }

  /** Sums of rows, then of columns, of what belongs to the digits 1, 2, ... */
  private gridSums(sums: Int32Array, low: number, rows: number): Int32Array {
    const points: number[] = [];
    const buckets: number[] = [];
    sums.forEach((point, place) => {
      if (!point) return;
      const digit = place + 1;
      points.push(point, point);
      buckets.push(digit >>> low, rows + (digit & (2 ** low - 1)));
    });
    return this.buckets.sums(Int32Array.from(points), Int32Array.from(buckets), rows + 2 ** low);
  }

  /** Adds Σ i·Pᵢ to the sum, as Σ of running sums from the last point on. */
  private addMultiples(points: Int32Array): void {
    const { running, sum } = this;
    const { zero, add, addMixed } = this.group.jacobian;
    zero(running);
    for (let place = points.length - 1; place > 0; place--) {
      if (points[place]) addMixed(running, points[place], running);
      add(sum, running, sum);
    }
  }

  private oppose(count: number): void {
    const { field, bytes } = this.group;
    for (let place = 0; place < count; place++) {
      const offset = place * 2 * bytes;
      field.copy(this.points + offset, this.opposites + offset);
      field.neg(this.points + offset + bytes, this.opposites + offset + bytes);
    }
  }
}

/** Points and scalars without those that add nothing: points at infinity, scalars that are 0. */
function worthwhile(bases: Uint8Array, scalars: Uint8Array, size: number): [Uint8Array, Uint32Array] {
  const points = new Uint32Array(bases.slice().buffer);
  const words = new Uint32Array(scalars.slice().buffer);
  const some = (of: Uint32Array, place: number, length: number) => {
    for (let word = place * length; word < (place + 1) * length; word++) if (of[word]) return true;
    return false;
  };
  const length = size / 4;
  let kept = 0;
  for (let place = 0; place < words.length / WORDS; place++) {
    if (!some(points, place, length) || !some(words, place, WORDS)) continue;
    points.copyWithin(kept * length, place * length, (place + 1) * length);
    words.copyWithin(kept * WORDS, place * WORDS, (place + 1) * WORDS);
    kept++;
  }
  return [new Uint8Array(points.buffer, 0, kept * size), words.subarray(0, kept * WORDS)];
}
