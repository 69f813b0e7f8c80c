import { useEffect, useState } from "preact/hooks";

const MILLISECONDS = 500;

/** What a value is once it hasn't changed for a moment: what a person types isn't asked for letter by letter. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const waiting = setTimeout(() => setSettled(value), MILLISECONDS);
    return () => clearTimeout(waiting);
  }, [value]);
  return settled;
}
