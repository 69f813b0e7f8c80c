import { useText } from "../i18n/language";

export function Home() {
  const text = useText();
  return (
    <section>
      <h1>{text("home")}</h1>
      <p>{text("later")}</p>
    </section>
  );
}
