/** What a chart shows. */

/** `plain` is a line without a fill; `high` and the `low` after it bound a band; four `candle`s are open, high, low, close. */
export type Kind = "line" | "plain" | "dashed" | "step" | "bars" | "high" | "low" | "candle";
export type Tone = "used" | "made" | "price" | "other";

/** As many values as the drawing has places; null where there is none. */
export interface Line {
  readonly label: string;
  readonly kind: Kind;
  readonly tone: Tone;
  readonly values: (number | null)[];
}

/** `x` ascends; with `isTime` it is Unix seconds, told in `zone`. */
export interface Drawing {
  readonly x: number[];
  readonly lines: Line[];
  readonly isTime: boolean;
  readonly zone?: string;
  readonly height: number;
  readonly fromZero: boolean;
  readonly showX: (value: number) => string;
  readonly showY: (value: number) => string;
}
