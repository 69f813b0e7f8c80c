// Draws the charts that the page describes; all numbers are in it.
"use strict";

const HEIGHT = 260;
const DAY = 24 * 3600;
const PATHS = {
  bars: uPlot.paths.bars({ size: [0.8, 40] }),
  step: uPlot.paths.stepped({ align: 1 }),
  points: () => null,
};
const root = document.documentElement;
const specs = JSON.parse(document.getElementById("charts").textContent);
const drawn = new Map();

const tone = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
const shown = (value, digits) =>
  value === null || value === undefined
    ? "–"
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

function labelOf(spec, place) {
  return spec.names ? (spec.names[place] ?? "") : spec.time ? undefined : shown(place, 0);
}

function seriesOf(spec) {
  return spec.series.map(({ label, color, kind }) => ({
    label,
    stroke: tone(color),
    width: 1.5,
    fill: kind === "bars" ? `${tone(color)}99` : undefined,
    paths: PATHS[kind],
    dash: kind === "dash" ? [5, 4] : undefined,
    points: { show: kind === "points", size: 6, fill: tone(color) },
    value: (_, value) => (value === null ? "–" : `${shown(value, spec.digits)} ${spec.unit}`),
  }));
}

function axesOf(spec) {
  const line = { stroke: tone("faint"), grid: { stroke: tone("edge"), width: 1 }, ticks: { stroke: tone("edge"), width: 1 } };
  const x = spec.time ? {} : { values: (_, places) => places.map((place) => (Number.isInteger(place) ? labelOf(spec, place) : "")) };
  return [
    { ...line, ...x },
    { ...line, size: 62, values: (_, values) => values.map((value) => shown(value, 0)) },
  ];
}

function draw(spec) {
  const place = document.getElementById(spec.id);
  const before = drawn.get(spec.id);
  const range = before && spec.time ? [before.scales.x.min, before.scales.x.max] : null;
  before?.destroy();
  const head = spec.time ? { label: "time", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" } : { label: spec.head, value: (_, at) => labelOf(spec, at) };
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), spec.zone),
      scales: { x: spec.time ? { time: true } : { time: false, range: (_, first, last) => [first - 0.5, last + 0.5] } },
      cursor: { drag: { x: Boolean(spec.time), y: false } },
      series: [head, ...seriesOf(spec)],
      axes: axesOf(spec),
    },
    [spec.x, ...spec.series.map((one) => one.values)],
    place,
  );
  if (range) plot.setScale("x", { min: range[0], max: range[1] });
  drawn.set(spec.id, plot);
}

function steps(spec) {
  const place = document.querySelector(`[data-steps="${spec.id}"]`);
  const [first, last] = [spec.x[0], spec.x[spec.x.length - 1]];
  const show = (from, length) => {
    const start = Math.max(first, Math.min(from, last - length));
    drawn.get(spec.id).setScale("x", { min: start, max: Math.min(last, start + length) });
  };
  const now = () => drawn.get(spec.id).scales.x;
  const move = (way) => {
    const { min, max } = now();
    show(min + way * (max - min), max - min);
  };
  const actions = {
    "‹": () => move(-1),
    day: () => show(now().min, DAY),
    week: () => show(now().min, 7 * DAY),
    all: () => show(first, last - first),
    "›": () => move(1),
  };
  for (const [word, act] of Object.entries(actions)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = word;
    button.ariaLabel = { "‹": "earlier", "›": "later" }[word] ?? word;
    button.addEventListener("click", act);
    place.append(button);
  }
}

function drawAll() {
  for (const spec of specs) draw(spec);
}

root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  drawAll();
});
drawAll();
for (const spec of specs) if (spec.time) steps(spec);
new ResizeObserver(() => {
  for (const spec of specs) {
    const width = document.getElementById(spec.id).clientWidth;
    if (drawn.get(spec.id).width !== width) drawn.get(spec.id).setSize({ width, height: HEIGHT });
  }
}).observe(document.body);
