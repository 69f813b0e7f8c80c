import { useText } from "../i18n/language";

export function Microgrid() {
  const text = useText();
  return (
    <section>
      <h1>{text("microgrid")}</h1>
      <p>{text("later")}</p>
    </section>
  );
}
