// Waiting for a condition, without sleeping longer than needed.

const POLL_MS = 5;

/** Resolves when `predicate` holds; rejects with its source when it does not in time. */
export async function until(
  predicate: () => boolean | Promise<boolean>,
  { timeoutMs = 5_000 }: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await predicate())) {
    if (performance.now() > deadlineMs) throw new Error(`Not within ${timeoutMs} ms: ${predicate.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
