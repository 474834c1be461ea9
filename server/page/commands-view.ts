// What an operator can do to a live call: silence the AI, have it say something, hang up.

import { byId, setText } from './dom.ts';
import { phone } from './format.ts';
import type { PageState } from './state.ts';

/** Sends a command to the chosen call; resolves with what became of it, in words, and rejects with what was wrong. */
export type Command = (command: 'interrupt' | 'say' | 'hangup', body?: unknown) => Promise<string>;

/** The commands of the chosen call. */
export class CommandsView {
  readonly #command: Command;
  readonly #interrupt = byId('interrupt', HTMLButtonElement);
  readonly #say = byId('say', HTMLFormElement);
  readonly #text = byId('say-text', HTMLInputElement);
  readonly #later = byId('say-later', HTMLInputElement);
  readonly #hangUp = byId('hang-up', HTMLButtonElement);
  readonly #result = byId('result', HTMLElement);
  readonly #confirm = byId('confirm', HTMLDialogElement);
  readonly #confirmText = byId('confirm-text', HTMLElement);
  readonly #confirmYes = byId('confirm-yes', HTMLButtonElement);
  #chosenId: string | undefined;
  #confirmedId: string | undefined;

  constructor(command: Command) {
    this.#command = command;
    this.#interrupt.addEventListener('click', () => void this.#run('interrupt'));
    this.#hangUp.addEventListener('click', () => this.#askFirst());
    this.#say.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#sayText();
    });
    byId('confirm-no', HTMLButtonElement).addEventListener('click', () => this.#confirm.close());
    this.#confirmYes.addEventListener('click', () => {
      this.#confirm.close();
      // The call that was asked about may be over by now, and another one chosen.
      if (this.#confirmedId === this.#chosenId) void this.#run('hangup');
    });
  }

  show({ chosenId, live, link }: PageState): void {
    if (chosenId !== this.#chosenId) {
      setText(this.#result, '');
      this.#say.reset();
    }
    this.#chosenId = chosenId;
    const call = live.find(({ callId }) => callId === chosenId);
    const isTalking = call?.status === 'in-progress';
    const isLinked = link === 'live';
    this.#interrupt.disabled = !isTalking || !isLinked;
    // Somebody may be typing when the connection is lost: what is typed stays, and is sent when it is back.
    for (const field of [this.#text, this.#later]) field.disabled = !isTalking;
    this.#say.querySelectorAll('button').forEach((button) => (button.disabled = !isTalking || !isLinked));
    for (const button of [this.#hangUp, this.#confirmYes]) button.disabled = !isLinked;
    if (call) setText(this.#confirmText, `The call with ${phone(call.to)} ends at once, without a goodbye.`);
    else this.#confirm.close();
  }

  #askFirst(): void {
    this.#confirmedId = this.#chosenId;
    this.#confirm.showModal();
  }

  async #sayText(): Promise<void> {
    const text = this.#text.value.trim();
    if (text === '') return;
    const isTaken = await this.#run('say', { text, when: this.#later.checked ? 'next-pause' : 'now' });
    if (isTaken && this.#text.value.trim() === text) this.#text.value = '';
  }

  async #run(command: Parameters<Command>[0], body?: unknown): Promise<boolean> {
    const callId = this.#chosenId;
    setText(this.#result, '');
    try {
      const words = await this.#command(command, body);
      if (callId === this.#chosenId) setText(this.#result, words);
      return true;
    } catch (error) {
      const words = error instanceof Error ? error.message : 'That did not work.';
      if (callId === this.#chosenId) setText(this.#result, words);
      return false;
    }
  }
}
