/** That the wallet did something, told to whatever shows it. */

const changes = new EventTarget();

/** To be called when an operation has ended. */
export function tellChange(): void {
  changes.dispatchEvent(new Event("change"));
}

/** Calls `look` after each operation. Gives what ends that. */
export function onChange(look: () => void): () => void {
  changes.addEventListener("change", look);
  return () => changes.removeEventListener("change", look);
}
