// The form for the key. It leaves the field as soon as it is taken.

import { keyTrouble } from './access-words.ts';
import { byId, setText } from './dom.ts';
import type { PageState } from './state.ts';

/** The sign-in. */
export class SignInView {
  readonly #root = byId('sign-in', HTMLElement);
  readonly #notice = byId('sign-in-notice', HTMLElement);
  readonly #key = byId('key', HTMLInputElement);

  constructor(onKey: (key: string) => void) {
    byId('sign-in-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const key = this.#key.value.trim();
      if (key === '') return;
      const trouble = keyTrouble(key);
      this.#key.value = '';
      if (trouble === undefined) onKey(key);
      else setText(this.#notice, trouble);
    });
  }

  show({ access, accessNotice }: PageState): void {
    const wasHidden = this.#root.hidden;
    this.#root.hidden = access !== 'refused';
    setText(this.#notice, accessNotice);
    if (wasHidden && !this.#root.hidden) this.#key.focus();
  }
}
