// What is folded away where there is no room for it: a conversation is read first.

import { byId } from './dom.ts';

/** Unfolds the figures on all but small screens, and the settings where they stand beside the conversation. */
export function foldByWidth(): void {
  const folds = [
    [byId('figures-fold', HTMLDetailsElement), '(min-width: 56.01rem)'],
    [byId('facts-fold', HTMLDetailsElement), '(min-width: 90rem)'],
  ] as const;
  for (const [fold, query] of folds) {
    const media = window.matchMedia(query);
    const follow = (): void => {
      fold.open = media.matches;
    };
    media.addEventListener('change', follow);
    follow();
  }
}
