import { useContext } from "preact/hooks";

import { inKorean, type Phrase } from "../i18n/basisWords";
import { LanguageContext } from "../i18n/language";

interface Props {
  /** The service's own line, in English. */
  readonly text: string;
  /** The same in phrases; empty if the service tells none. */
  readonly phrases: readonly Phrase[];
}

/** What a number was computed from, in the page's language where that can be told, else in English. */
export function BasisLine({ text, phrases }: Props) {
  const language = useContext(LanguageContext);
  const korean = language === "ko" ? inKorean(phrases) : null;
  return <span lang={korean === null ? "en" : "ko"}>{korean ?? text}</span>;
}
