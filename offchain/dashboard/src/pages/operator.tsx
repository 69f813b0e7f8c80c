import { useText } from "../i18n/language";

export function Operator() {
  const text = useText();
  return (
    <section>
      <h1>{text("operator")}</h1>
      <p>{text("later")}</p>
    </section>
  );
}
