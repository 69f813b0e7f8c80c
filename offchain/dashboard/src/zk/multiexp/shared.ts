/** A multiexp shared among adders: each takes the next window that nobody has. */

import type { SnarkjsGroup } from "ffjavascript";

import type { GroupName } from "./curve";
import type { Windows } from "./multiexp";

/** An adder that may be in a worker. */
export interface RemoteAdder {
  begin(group: GroupName, bases: Uint8Array, scalars: Uint8Array): Promise<Windows>;
  windowSum(window: number): Promise<Uint8Array>;
}

const SCALAR_BYTES = 32;

/** Σ sᵢ·Pᵢ as a Jacobian point. Throws RangeError if there aren't as many scalars (32 bytes) as affine points. */
export async function sharedSum(
  adders: readonly RemoteAdder[],
  group: SnarkjsGroup,
  name: GroupName,
  bases: Uint8Array,
  scalars: Uint8Array,
): Promise<Uint8Array> {
  const count = scalars.length / SCALAR_BYTES;
  if (!Number.isInteger(count) || bases.length !== count * 2 * group.F.n8) {
    throw new RangeError(`${bases.length} bytes of points, ${scalars.length} of scalars`);
  }
  const [windows] = await Promise.all(adders.map((adder) => adder.begin(name, bases, scalars)));
  const sums = new Array<Uint8Array>(windows.count);
  let next = 0;
  await Promise.all(
    adders.map(async (adder) => {
      while (next < windows.count) {
        const window = next++;
        sums[window] = await adder.windowSum(window);
      }
    }),
  );
  return sums.reduceRight((higher, sum) => group.add(doubled(group, higher, windows.width), sum), group.zero);
}

function doubled(group: SnarkjsGroup, point: Uint8Array, times: number): Uint8Array {
  let result = point;
  for (let time = 0; time < times; time++) result = group.double(result);
  return result;
}
