/** The key that shows a whole wallet to who has it. */

import { useText } from "../../i18n/language";
import { walletService } from "../../worker/client";
import { Secret } from "./secret";

export function Viewing() {
  const text = useText();
  return (
    <section>
      <h2>{text("viewingKey")}</h2>
      <p class="faint">{text("viewingKeyText")}</p>
      <Secret
        show="viewingKeyShow"
        hide="viewingKeyHide"
        reveal={(password, progress) => walletService().viewingKey(password, progress)}
      >
        {(key) => (
          <p class="code" data-testid="viewing-key">
            {key}
          </p>
        )}
      </Secret>
    </section>
  );
}
