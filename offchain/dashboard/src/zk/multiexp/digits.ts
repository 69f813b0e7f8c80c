/** Scalars in signed digits: s = Σ dᵢ·2^(width·i), with -2^(width-1) < dᵢ <= 2^(width-1). */

/** Bits of a scalar; the last window also takes a carry. */
const BITS = 256;
export const WORDS = BITS / 32;
const WIDEST = 15; // a digit fits in 16 bits

/** Field multiplications of adding a point to a bucket, and of what a bucket costs at the end. */
const ADDITION = 6;
const BUCKET = 15;

export function windowCount(width: number): number {
  return Math.floor(BITS / width) + 1;
}

/** The width of windows at which so many points are summed with the fewest multiplications. */
export function bestWidth(points: number): number {
  const cost = (width: number) => windowCount(width) * (points * ADDITION + 2 ** (width - 1) * BUCKET);
  let best = 1;
  for (let width = 2; width <= WIDEST; width++) if (cost(width) < cost(best)) best = width;
  return best;
}

/** All digits, window by window; `scalars` are 256 bits each, least significant word first. */
export function signedDigits(scalars: Uint32Array, width: number): Int16Array[] {
  const count = scalars.length / WORDS;
  const windows = Array.from({ length: windowCount(width) }, () => new Int16Array(count));
  const half = 2 ** (width - 1);
  const carries = new Uint8Array(count);
  windows.forEach((digits, window) => {
    for (let place = 0; place < count; place++) {
      const digit = bitsAt(scalars, place * WORDS, window * width, width) + carries[place];
      carries[place] = digit > half ? 1 : 0;
      digits[place] = digit > half ? digit - 2 * half : digit;
    }
  });
  return windows;
}

/** `width` bits from `start` on of the scalar whose words begin at `at`; beyond its end they are 0. */
function bitsAt(words: Uint32Array, at: number, start: number, width: number): number {
  const [word, shift] = [start >>> 5, start & 31];
  if (word >= WORDS) return 0;
  let bits = words[at + word] >>> shift;
  if (shift + width > 32 && word + 1 < WORDS) bits |= words[at + word + 1] << (32 - shift);
  return bits & ((1 << width) - 1);
}
