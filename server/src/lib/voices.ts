// The voices that a call may have: the API and the settings take the same ones.

/** The built-in voices of the Realtime API; the API itself accepts any text and fails later. */
export const VOICES = [
  'alloy',
  'ash',
  'ballad',
  'coral',
  'echo',
  'sage',
  'shimmer',
  'verse',
  'marin',
  'cedar',
] as const;
