// The line at the top: how many calls, what today has cost, whether new calls can be placed, and the connection.

import { headerWords } from './desk-words.ts';
import { byId, setAttribute, setText } from './dom.ts';
import type { PageState } from './state.ts';

const PRODUCT = 'AI Calls';

/** The header of the page. */
export class HeaderView {
  readonly #totals = byId('totals', HTMLElement);
  readonly #live = byId('total-live', HTMLElement);
  readonly #today = byId('total-today', HTMLElement);
  readonly #ready = byId('total-ready', HTMLElement);
  readonly #link = byId('link', HTMLElement);
  readonly #signOut = byId('sign-out', HTMLButtonElement);

  constructor(onSignOut: () => void) {
    this.#signOut.addEventListener('click', onSignOut);
  }

  show(state: PageState): void {
    const isIn = state.access === 'granted';
    const words = headerWords(state);
    this.#totals.hidden = !isIn;
    setText(this.#live, words.live);
    setText(this.#today, words.today);
    setText(this.#ready, words.ready);
    setAttribute(this.#ready, 'data-ready', words.readyState);
    setText(this.#link, isIn ? words.link : '');
    this.#signOut.hidden = !(isIn && state.hasKey);
    const title = state.isLiveKnown && state.live.length > 0 ? `${state.live.length} live · ${PRODUCT}` : PRODUCT;
    if (document.title !== title) document.title = title;
  }
}
