// Which words of a text were said, when only a part of its sound was: the server does not tell, so it is an estimate.

/** How much there is of the sound, and how much of it counts. */
export type HeardSound = { readonly heardMs: number; readonly generatedMs: number };

/** The share of the text that goes with the share of its sound, to the last whole word. */
export function heardPart(text: string, { heardMs, generatedMs }: HeardSound): string {
  if (generatedMs === 0) return '';
  // Not in the middle of a character that takes two places.
  const cut = text.slice(0, Math.floor((text.length * heardMs) / generatedMs)).replace(/[\ud800-\udbff]$/, '');
  const isWhole = cut.length === text.length || text[cut.length] === ' ';
  // Languages without spaces are cut between characters.
  if (isWhole || !text.trim().includes(' ')) return cut;
  return cut.slice(0, Math.max(cut.lastIndexOf(' '), 0));
}

/** What is left of given words when the model has come as far as `said`; a word that was broken off is said again. */
export function restOfWords(words: string, said: string): string {
  const all = wordsOf(words);
  // Languages without spaces are counted in characters.
  if (all.length <= 1) return words.trim().slice(said.trim().length);
  const begun = wordsOf(said);
  const last = begun.at(-1) ?? '';
  const isBroken = last.length < (all[begun.length - 1] ?? '').length;
  return all.slice(begun.length - (isBroken ? 1 : 0)).join(' ');
}

function wordsOf(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.trim().split(/\s+/);
}
