import { Field } from "../../components/field";
import { useText } from "../../i18n/language";

/** Asks for the password that the wallet is kept under. */
export function Password(props: { value: string; onValue: (password: string) => void }) {
  const text = useText();
  return <Field label={text("password")} type="password" autocomplete="current-password" {...props} />;
}
