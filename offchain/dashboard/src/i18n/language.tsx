/** The language that a person reads the page in. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { filled, type UserError, type Values } from "../errors";
import { TEXTS, type Language, type TextKey } from "./dictionary";
import { KOREAN } from "./errors";

const KEPT = "language";

export const LanguageContext = createContext<Language>("en");

/** Gives the text of a key in the page's language. */
export function useText(): (key: TextKey, values?: Values) => string {
  const language = useContext(LanguageContext);
  return (key, values = {}) => filled(TEXTS[language][key], values);
}

/** Gives the line of an error in the page's language. */
export function useErrorLine(): (error: UserError) => string {
  const language = useContext(LanguageContext);
  return (error) => (language === "ko" ? filled(KOREAN[error.key], error.values) : error.message);
}

/** What was chosen before, else what the browser prefers. */
export function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "ko") return kept;
  return navigator.language.startsWith("ko") ? "ko" : "en";
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(KEPT, language);
}
