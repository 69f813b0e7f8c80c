import { useText } from "../i18n/language";

export function Trust() {
  const text = useText();
  return (
    <section>
      <h1>{text("trust")}</h1>
      <p>{text("later")}</p>
    </section>
  );
}
