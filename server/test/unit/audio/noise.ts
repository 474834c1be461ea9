// White noise, the same in each run.

/** Returns `length` random bytes for a seed: as 16-bit samples or G.711 codes, full-scale noise. */
export function noise(length: number, seed: number): Buffer {
  let state = seed;

  const bytes = Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  });

  return Buffer.from(bytes);
}
