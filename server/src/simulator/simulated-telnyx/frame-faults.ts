/** Puts a stream of numbered caller frames out of order, doubles or loses some, as a bad network would. */
import type { FrameFaults } from './phone-script';

/** Makes a function from each frame to the frames to send instead of it, in order. */
export function frameScrambler<T>(faults: FrameFaults = {}): (frame: T) => readonly T[] {
  let count = 0;
  let held: T | undefined;
  return (frame) => {
    count += 1;
    if (isTurn(count, faults.dropEvery)) return [];
    if (held === undefined && isTurn(count, faults.swapEvery)) {
      held = frame;
      return [];
    }
    const frames = isTurn(count, faults.duplicateEvery) ? [frame, frame] : [frame];
    if (held !== undefined) frames.push(held);
    held = undefined;
    return frames;
  };
}

function isTurn(count: number, every: number | undefined): boolean {
  return every !== undefined && count % every === 0;
}
