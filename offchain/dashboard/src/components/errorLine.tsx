import type { UserError } from "../errors";
import { useErrorLine, useText } from "../i18n/language";

/** What is wrong, in one line; `again`, where given, can be tried by a button. */
export function ErrorLine({ error, again }: { error: UserError | null; again?: () => void }) {
  const text = useText();
  const errorLine = useErrorLine();
  if (!error) return null;
  return (
    <div class="row">
      <p role="alert" class="error">
        {errorLine(error)}
      </p>
      {again && (
        <button type="button" class="quiet" onClick={again}>
          {text("tryAgain")}
        </button>
      )}
    </div>
  );
}
