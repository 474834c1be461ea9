// When the server will end the session: at the latest an hour after its beginning.

const MS_PER_SECOND = 1_000;

// No session lasts this long: such a moment is in another unit, or by another clock.
const MAX_LIFETIME_MS = 24 * 60 * 60 * MS_PER_SECOND;

/** The moment as epoch milliseconds; undefined when the server did not say it, or said something absurd. */
export function expiryMs(
  { expires_at: expiresAtSeconds }: { readonly expires_at?: number | null | undefined },
  nowMs: number,
): number | undefined {
  const restMs = (expiresAtSeconds ?? 0) * MS_PER_SECOND - nowMs;
  return restMs > 0 && restMs <= MAX_LIFETIME_MS ? nowMs + restMs : undefined;
}
