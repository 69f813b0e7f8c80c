/** What all pages stand in: their names, the language, light and dark. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { ErrorLine } from "./components/errorLine";
import { UserError } from "./errors";
import { firstLanguage, keepLanguage, LanguageContext, useText } from "./i18n/language";
import { firstTheme, showTheme, type Theme } from "./theme";

/** Each page's code is loaded when it is first shown. */
const PAGES = {
  home: async () => (await import("./pages/home")).Home,
  market: async () => (await import("./pages/market")).Market,
  wallet: async () => (await import("./pages/wallet")).WalletPage,
  microgrid: async () => (await import("./pages/microgrid")).Microgrid,
  trust: async () => (await import("./pages/trust")).Trust,
  operator: async () => (await import("./pages/operator")).Operator,
} as const;
type PageName = keyof typeof PAGES;

/** The page that the address names after its hash. */
function namedPage(): PageName {
  const name = location.hash.replace(/^#\/?/, "");
  return name in PAGES ? (name as PageName) : "home";
}

export function Shell() {
  const [language, setLanguage] = useState(firstLanguage);
  const [page, setPage] = useState(namedPage);
  useEffect(() => {
    const follow = (): void => setPage(namedPage());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
    keepLanguage(language);
  }, [language]);
  return (
    <LanguageContext.Provider value={language}>
      <Header page={page} onLanguage={() => setLanguage(language === "en" ? "ko" : "en")} />
      <main id="content" tabIndex={-1}>
        <Loaded key={page} page={page} />
      </main>
    </LanguageContext.Provider>
  );
}

function Loaded({ page }: { page: PageName }) {
  const text = useText();
  const [Page, setPage] = useState<ComponentType | null>(null);
  const [error, setError] = useState<UserError | null>(null);
  const load = (): void => {
    setError(null);
    PAGES[page]().then(
      (found) => setPage(() => found),
      () => setError(new UserError("pageMissing")),
    );
  };
  useEffect(load, [page]);
  if (Page) return <Page />;
  return error ? <ErrorLine error={error} again={load} /> : <p role="status">{text("loading")}</p>;
}

function Header({ page, onLanguage }: { page: PageName; onLanguage: () => void }) {
  const text = useText();
  const [theme, setTheme] = useState<Theme>(firstTheme);
  useEffect(() => showTheme(theme), [theme]);
  const other: Theme = theme === "dark" ? "light" : "dark";
  const toContent = (event: MouseEvent): void => {
    event.preventDefault(); // the address names the page
    document.getElementById("content")?.focus();
  };
  return (
    <header>
      <a class="skip" href="#content" onClick={toContent}>
        {text("skip")}
      </a>
      <strong>{text("title")}</strong>
      <nav aria-label={text("navigation")}>
        {(Object.keys(PAGES) as PageName[]).map((name) => (
          <a key={name} href={`#/${name}`} aria-current={name === page ? "page" : undefined}>
            {text(name)}
          </a>
        ))}
      </nav>
      <button type="button" class="quiet" onClick={onLanguage}>
        {text("language")}
      </button>
      <button type="button" class="quiet" onClick={() => setTheme(other)}>
        {text(other)}
      </button>
    </header>
  );
}
