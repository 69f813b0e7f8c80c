import { useText } from "../i18n/language";

export function Market() {
  const text = useText();
  return (
    <section>
      <h1>{text("market")}</h1>
      <p>{text("later")}</p>
    </section>
  );
}
