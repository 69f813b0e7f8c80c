/** Who sums windows: one multiexp at a time, its points and scalars given once. */

import type { Curve, GroupName } from "./curve";
import { Multiexp, type Windows } from "./multiexp";

export class Adder {
  private current: Multiexp | null = null;

  constructor(private readonly curve: Curve) {}

  begin(group: GroupName, bases: Uint8Array, scalars: Uint8Array): Windows {
    this.current = new Multiexp(this.curve, group, bases, scalars);
    return this.current.windows;
  }

  windowSum(window: number): Uint8Array {
    return this.current!.windowSum(window);
  }
}
