/** Exponential backoff with a cap, as data: how long to wait before try number `attempt` (the first retry is 1). */
export type Backoff = {
  readonly firstMs: number;
  readonly capMs: number;
};

/** Returns the wait in milliseconds before retry `attempt` (1-based), doubling from `firstMs` up to `capMs`. */
export function backoffMs(backoff: Backoff, attempt: number): number {
  return Math.min(backoff.capMs, backoff.firstMs * 2 ** (attempt - 1));
}
