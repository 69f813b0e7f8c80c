import { useText } from "../i18n/language";

/** Whether what is shown follows what happens. */
export function LiveBadge({ connected }: { connected: boolean }) {
  const text = useText();
  return (
    <span class={`badge ${connected ? "on" : "off"}`} role="status">
      {text(connected ? "live" : "notLive")}
    </span>
  );
}
