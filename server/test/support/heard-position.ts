// How close what the model was told has to be to what the phone played.

const FRAME_MS = 20;

/**
 * What a busy machine may add to a moment in real time: three workers a core run the tests. The budgets themselves, in
 * single milliseconds, are measured by `npm run bench`; a position that is wrong in kind (what was sent, not what was
 * played) is off by hundreds of them.
 */
export const BUSY_MACHINE_MS = 60;

/** `toldMs`: an `audio_end_ms`; `playedMs`: what the phone had played when the clear took effect. */
export function expectHeardPosition(toldMs: unknown, playedMs: number | undefined): void {
  if (playedMs === undefined) throw new Error('The phone played nothing.');
  expect(Number.isInteger(toldMs)).toBe(true);
  // The phone counts the frame that it is just playing: it may be up to one frame ahead of the ear.
  expect(toldMs).toBeGreaterThanOrEqual(playedMs - 2 * FRAME_MS - BUSY_MACHINE_MS);
  expect(toldMs).toBeLessThanOrEqual(playedMs + FRAME_MS + BUSY_MACHINE_MS);
}
