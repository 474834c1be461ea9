// What the command lines of the bench have in common: numbers and choices that are checked.

import { AUDIO_MODES, type AudioMode } from './load/speech-frames';

/** A whole number from the command line. @throws Error with a sentence for the user */
export function wholeNumber(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
    throw new Error(`${name} takes a whole number from ${least} on, not '${text}'.`);
  }

  return value;
}

/** Audio modes, with commas between them. @throws Error with a sentence for the user */
export function audioModes(name: string, text: string): AudioMode[] {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.filter((word) => !AUDIO_MODES.some((mode) => mode === word));
  if (unknown.length > 0) throw new Error(`${name} takes ${AUDIO_MODES.join(',')}, not '${text}'.`);

  return AUDIO_MODES.filter((mode) => words.includes(mode));
}
