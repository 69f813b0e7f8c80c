/** A chart with what it means in words, and the same numbers as a table for who can't see or point at it. */

import { useContext, useEffect, useRef, useState } from "preact/hooks";

import { ErrorLine } from "../components/errorLine";
import { UserError } from "../errors";
import { useText } from "../i18n/language";
import { ZoneContext } from "../i18n/zone";
import type { Drawing, Line } from "./drawing";
import type { Plot } from "./plot";

const HEIGHT = 260; // pixels
const MOST_ROWS = 400;

interface Props {
  /** What it shows, for screen readers. */
  readonly label: string;
  readonly x: number[];
  readonly lines: Line[];
  readonly showX: (value: number) => string;
  readonly showY: (value: number) => string;
  /** Marks of the axis, where they are shorter than `showX`. */
  readonly markX?: (value: number) => string;
  readonly headX: string;
  readonly isTime?: boolean;
  readonly zone?: string;
  readonly fromZero?: boolean;
}

export function Chart(props: Props) {
  const { label, x, lines, showX, showY, markX, headX, isTime = true, fromZero = true } = props;
  const pageZone = useContext(ZoneContext);
  const zone = props.zone ?? pageZone;
  const [hover, setHover] = useState<number | null>(null);
  const drawing: Drawing = { x, lines, isTime, zone, fromZero, height: HEIGHT, showX: markX ?? showX, showY };
  const { place, point, error, again } = usePlot(drawing, setHover);
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = Math.min(x.length - 1, Math.max(0, (hover ?? (step > 0 ? -1 : x.length)) + step));
    point(next);
    setHover(next);
  };
  return (
    <figure class="chart">
      <div class="chart-head">
        <Legend lines={lines} />
        <p class="readout faint" aria-live="polite">
          {hover !== null && hover < x.length && [showX(x[hover]), ...readings(lines, hover, showY)].join(" · ")}
        </p>
      </div>
      <ErrorLine error={error} again={again} />
      <div ref={place} class="plot" role="img" aria-label={label} tabIndex={0} onKeyDown={move} />
      <Table label={label} headX={headX} x={x} lines={lines} showX={showX} showY={showY} />
    </figure>
  );
}

function usePlot(drawing: Drawing, onHover: (index: number | null) => void) {
  const place = useRef<HTMLDivElement>(null);
  const made = useRef<Plot | null>(null);
  const [error, setError] = useState<UserError | null>(null);
  const [turn, setTurn] = useState(0);
  const content = JSON.stringify([drawing.x, drawing.lines, drawing.zone, drawing.showX(drawing.x[0] ?? 0)]);
  useEffect(() => {
    let ended = false;
    const draw = async (): Promise<void> => {
      try {
        const { plot } = await import("./plot");
        if (ended || !place.current) return;
        made.current?.remove();
        made.current = plot(place.current, drawing, onHover);
        setError(null);
      } catch {
        if (!ended) setError(new UserError("pageMissing"));
      }
    };
    void draw();
    const sizes = new ResizeObserver(() => made.current?.resize());
    if (place.current) sizes.observe(place.current);
    const themes = new MutationObserver(() => void draw());
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      ended = true;
      sizes.disconnect();
      themes.disconnect();
      made.current?.remove();
      made.current = null;
    };
  }, [content, turn]);
  return {
    place,
    error,
    point: (index: number): void => made.current?.point(index),
    again: (): void => setTurn((last) => last + 1),
  };
}

function Legend({ lines }: { lines: Line[] }) {
  const shown = lines.filter((line) => line.kind !== "low" && line.kind !== "candle");
  if (shown.length < 2) return null;
  return (
    <ul class="legend" aria-hidden="true">
      {shown.map((line) => (
        <li key={line.label}>
          <span class={`swatch ${line.kind} ${line.tone}`} />
          {line.label}
        </li>
      ))}
    </ul>
  );
}

function readings(lines: Line[], place: number, showY: (value: number) => string): string[] {
  return lines.flatMap(({ label, values }) => (values[place] === null ? [] : [`${label} ${showY(values[place]!)}`]));
}

function Table(props: Pick<Props, "label" | "headX" | "x" | "lines" | "showX" | "showY">) {
  const { label, headX, x, lines, showX, showY } = props;
  const text = useText();
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{text("asTable")}</summary>
      {isOpen && (
        <div class="scroll low" tabIndex={0} role="region" aria-label={label}>
          <table>
            <thead>
              <tr>
                <th scope="col">{headX}</th>
                {lines.map((line) => (
                  <th key={line.label} scope="col" class="number">
                    {line.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {x.slice(-MOST_ROWS).map((at, row) => (
                <tr key={at}>
                  <th scope="row">{showX(at)}</th>
                  {lines.map(({ label: name, values }) => {
                    const value = values[Math.max(0, x.length - MOST_ROWS) + row];
                    return (
                      <td key={name} class="number">
                        {value === null || value === undefined ? "–" : showY(value)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
