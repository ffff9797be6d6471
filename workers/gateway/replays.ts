/**
 * Answers that were given lately, by what their request is known by. The same message again (a sender that lost our answer, or
 * somebody who recorded it) gets the same answer and starts nothing. Only of requests that were authenticated and done.
 */
export function openReplays<Answer>(keepMs: number, now: () => number) {
  const kept = new Map<string, { readonly answer: Answer; readonly at: number }>();
  return {
    answered: (key: string): Answer | undefined => {
      const found = kept.get(key);
      return found && now() - found.at < keepMs ? found.answer : undefined;
    },
    keep: (key: string, answer: Answer): void => {
      // In the order of their age: the map keeps the order of insertion.
      for (const [old, { at }] of kept) {
        if (now() - at < keepMs) break;
        kept.delete(old);
      }
      kept.set(key, { answer, at: now() });
    },
  };
}
