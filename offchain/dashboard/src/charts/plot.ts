/** Draws with uPlot, whose code is loaded with the first chart. Colours are the page's own, by `--tone-...` of its style. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import type { Drawing, Kind, Line } from "./drawing";

const TICKS = 70; // pixels between two marks of the time
const LABEL = 50; // pixels of a category and its part of the margin
const GRID = 1;
const BAR_SHARE = 0.7;
const MOST_BAR = 48; // pixels
const HEADROOM = 1.1;
/** Alphas of fills, in hexadecimal. */
const [SOFT, BAND, SOLID] = ["24", "38", "d0"];

export interface Plot {
  /** Fits the plot into its place again. */
  resize(): void;
  /** Points at a place of the data. */
  point(index: number): void;
  remove(): void;
}

/** Draws into an element; `onHover` is told which place of the data is pointed at. */
export function plot(place: HTMLElement, drawing: Drawing, onHover: (index: number | null) => void): Plot {
  const { x, lines } = drawing;
  const options = optionsOf(place, drawing, onHover);
  const made = new uPlot(options, [x, ...lines.map((line) => line.values)] as uPlot.AlignedData, place);
  return {
    resize: () => made.setSize({ width: place.clientWidth, height: drawing.height }),
    point: (index) => made.setCursor({ left: made.valToPos(x[index], "x"), top: drawing.height / 4 }),
    remove: () => made.destroy(),
  };
}

/** How wide the axis of values must be for its labels, in CSS pixels. */
function widthOf(_: uPlot, labels: string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
  return Math.max(64, 16 + 7 * longest);
}

function optionsOf(place: HTMLElement, drawing: Drawing, onHover: (index: number | null) => void): uPlot.Options {
  const { x, lines, isTime, zone, height, fromZero, showX, showY } = drawing;
  const isCategory = !isTime && x.length <= 12;
  const every = place.clientWidth < LABEL * x.length ? 2 : 1;
  const axis = { stroke: tone("faint"), grid: { stroke: tone("grid"), width: GRID }, ticks: { show: false } };
  const font = `12px ${getComputedStyle(document.documentElement).fontFamily}`;
  return {
    width: place.clientWidth,
    height,
    tzDate: zone ? (time) => uPlot.tzDate(new Date(time * 1000), zone) : undefined,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: isTime, range: (_, low, high) => margins(low, high, lines, x) },
      y: { range: fromZero ? (_, low, high) => [Math.min(0, low), Math.max(high, 0) * HEADROOM || 1] : undefined },
    },
    axes: [
      {
        ...axis,
        font,
        space: TICKS,
        size: 30,
        grid: { show: false },
        splits: isCategory ? () => x.filter((_, at) => at % every === 0) : undefined,
        values: (_, marks) => marks.map(showX),
      },
      { ...axis, font, size: widthOf, values: (_, marks) => marks.map(showY) },
    ],
    series: [{}, ...lines.map(seriesOf)],
    bands: bandsOf(lines),
    hooks: {
      setCursor: [(self) => onHover(self.cursor.idx ?? null)],
      draw: lines.some((line) => line.kind === "candle") ? [drawCandles(lines)] : [],
    },
  };
}

/** Bars and candles at both ends need room. */
function margins(low: number, high: number, lines: Line[], x: number[]): [number, number] {
  const isWide = lines.some((line) => line.kind === "bars" || line.kind === "candle");
  const room = isWide || low === high ? stepOf(x) / 2 : 0;
  return [low - room, high + room];
}

/** The smallest distance between two neighbours. */
function stepOf(x: number[]): number {
  const steps = x.slice(1).map((value, place) => value - x[place]);
  return steps.length ? Math.min(...steps) : 1;
}

function seriesOf({ label, kind, tone: name }: Line): uPlot.Series {
  const color = tone(name);
  const points = { show: false };
  const shapes: { readonly [kind in Kind]: Partial<uPlot.Series> } = {
    line: { stroke: color, width: 2, fill: `${color}${SOFT}` },
    plain: { stroke: color, width: 2 },
    dashed: { stroke: color, width: 2, dash: [6, 5] },
    step: { stroke: color, width: 2, paths: uPlot.paths.stepped!({ align: 1 }) },
    bars: { fill: `${color}${SOLID}`, width: 0, paths: uPlot.paths.bars!({ size: [BAR_SHARE, MOST_BAR], radius: 0.15 }) },
    low: { width: 0 },
    high: { width: 0 },
    candle: { width: 0, paths: () => null },
  };
  return { label, points, ...shapes[kind] };
}

/** Each `high` is filled down to the `low` after it. */
function bandsOf(lines: Line[]): uPlot.Band[] {
  return lines.flatMap((line, place) =>
    line.kind === "high" ? [{ series: [place + 1, place + 2] as [number, number], fill: `${tone(line.tone)}${BAND}` }] : [],
  );
}

/** The first four candle lines are open, high, low and close. */
function drawCandles(lines: Line[]): (self: uPlot) => void {
  const first = lines.findIndex((line) => line.kind === "candle");
  return (self) => {
    const [x, open, high, low, close] = [self.data[0], ...[1, 2, 3, 4].map((step) => self.data[first + step])];
    const pixels = devicePixelRatio;
    const step = Math.abs(self.valToPos(x[0] + stepOf([...x]), "x", true) - self.valToPos(x[0], "x", true));
    const width = Math.max(2 * pixels, Math.min(step * BAR_SHARE, 14 * pixels));
    const { ctx } = self;
    ctx.save();
    ctx.strokeStyle = tone("grid");
    ctx.lineWidth = 2 * pixels;
    ctx.beginPath();
    x.forEach((at, place) => {
      ctx.lineTo(self.valToPos(at, "x", true), self.valToPos(close[place] ?? 0, "y", true));
    });
    ctx.stroke();
    for (let place = 0; place < x.length; place++) {
      const at = (values: ArrayLike<number | null | undefined>): number => self.valToPos(values[place] ?? 0, "y", true);
      const center = Math.round(self.valToPos(x[place], "x", true));
      ctx.fillStyle = tone((close[place] ?? 0) >= (open[place] ?? 0) ? "price" : "fall");
      ctx.fillRect(center - pixels / 2, at(high), pixels, Math.max(pixels, at(low) - at(high)));
      const top = Math.min(at(open), at(close));
      ctx.fillRect(center - width / 2, top, width, Math.max(2 * pixels, Math.abs(at(open) - at(close))));
    }
    ctx.restore();
  };
}

function tone(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--tone-${name}`).trim();
}
