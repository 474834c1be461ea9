// The calls of now and before, as one list that the arrow keys walk through.

import { beforeWords, nowWords } from './desk-words.ts';
import { byId, element, KeyedList, type Row, setAttribute, setText } from './dom.ts';
import { duration, moment, phone, seconds, usd } from './format.ts';
import { drawTrace } from './lanes.ts';
import { type PageState, secondsSince } from './state.ts';
import type { TalkTraces } from './talk-trace.ts';
import type { LiveCall, PastCall } from './wire.ts';
import { endWords, labelOf, liveWords } from './words.ts';

/** What the list tells of. */
export type ListHandlers = { readonly onChosen: (callId: string) => void; readonly onOlder: () => void };

type Item<T> = { readonly call: T; readonly state: PageState; readonly nowMs: number };

/** The list of calls. */
export class ListView {
  readonly #root = byId('calls', HTMLElement);
  readonly #nowTitle = byId('now-title', HTMLElement);
  readonly #nowEmpty = byId('now-empty', HTMLElement);
  readonly #beforeEmpty = byId('before-empty', HTMLElement);
  readonly #trouble = byId('list-trouble', HTMLElement);
  readonly #older = byId('older', HTMLButtonElement);
  readonly #now: KeyedList<Item<LiveCall>>;
  readonly #before: KeyedList<Item<PastCall>>;
  readonly #onChosen: ListHandlers['onChosen'];
  /** The call whose row had the focus; its row may move from now to before. */
  #focused: string | undefined;

  constructor({ onChosen, onOlder }: ListHandlers) {
    this.#onChosen = onChosen;
    this.#now = new KeyedList(byId('now', HTMLElement), callIdOf, (item) => this.#liveRow(item));
    this.#before = new KeyedList(byId('before', HTMLElement), callIdOf, (item) => this.#pastRow(item));
    this.#older.addEventListener('click', onOlder);
    this.#root.addEventListener('keydown', (event) => this.#onKey(event));
    this.#root.addEventListener('focusin', ({ target }) => {
      this.#focused = target instanceof HTMLElement ? target.dataset['callId'] : undefined;
      this.#rove();
    });
  }

  show(state: PageState, nowMs: number): void {
    const live = new Set(state.live.map(({ callId }) => callId));
    const past = state.past.filter(({ callId }) => !live.has(callId));
    this.#now.show(state.live.map((call) => ({ call, state, nowMs })));
    this.#before.show(past.map((call) => ({ call, state, nowMs })));
    this.#nowEmpty.hidden = state.live.length > 0;
    setText(this.#nowEmpty, nowWords(state));
    this.#beforeEmpty.hidden = past.length > 0;
    setText(this.#beforeEmpty, beforeWords(state));
    setText(this.#trouble, state.listTrouble);
    this.#older.hidden = state.nextCursor === null;
    this.#restoreFocus();
    this.#rove();
  }

  /** Draws the last minute of each call that is in sight. */
  drawTraces(traces: TalkTraces, nowMs: number): void {
    for (const canvas of this.#root.querySelectorAll('canvas')) {
      const callId = canvas.dataset['callId'];
      if (callId !== undefined && canvas.checkVisibility()) drawTrace(canvas, traces.of(callId, nowMs), nowMs);
    }
  }

  /** To where a person begins to read. */
  focusFirst(): void {
    (this.#buttons()[0] ?? this.#nowTitle).focus();
  }

  /** Back to the row of a call. */
  focus(callId: string): void {
    this.#buttons()
      .find((button) => button.dataset['callId'] === callId)
      ?.focus();
  }

  #liveRow({ call }: Item<LiveCall>): Row<Item<LiveCall>> {
    const { callId } = call;
    const [speaker, clock, reply] = [element('span', { class: 'speaker' }), clockElement(), element('span')];
    const cost = element('span', { class: 'cost' });
    const figures = element('span', { class: 'note' }, [reply, ' ', cost]);
    const trace = element('canvas', { class: 'trace', 'data-call-id': callId, 'aria-hidden': 'true' });
    const button = this.#button(callId, [partyElement(call), clock, speaker, figures, trace]);
    const update = ({ call: now, state, nowMs }: Item<LiveCall>): void => {
      setAttribute(button, 'data-talking', now.status === 'in-progress' ? now.talking : 'nobody');
      setAttribute(button, 'aria-current', String(state.chosenId === callId));
      setText(speaker, liveWords(now, state));
      setText(clock, duration(secondsSince(now.answeredAt ?? now.startedAt, nowMs, state)));
      setText(reply, now.lastReplyMs === null ? '' : `reply ${seconds(now.lastReplyMs)}`);
      setText(cost, usd(now.costUsd));
    };
    return { node: element('li', {}, [button]), update };
  }

  #pastRow({ call }: Item<PastCall>): Row<Item<PastCall>> {
    const { callId } = call;
    const [status, clock, when] = [element('span', { class: 'status' }), clockElement(), noteElement()];
    const button = this.#button(callId, [partyElement(call), clock, status, when]);
    button.classList.add('past');
    const update = ({ call: past, state, nowMs }: Item<PastCall>): void => {
      setAttribute(button, 'aria-current', String(state.chosenId === callId));
      setAttribute(button, 'data-status', past.status);
      setText(status, endWords(past));
      setText(clock, past.durationSeconds === null ? '' : duration(past.durationSeconds));
      setText(when, moment(past.createdAt, nowMs));
    };
    return { node: element('li', {}, [button]), update };
  }

  #button(callId: string, children: readonly HTMLElement[]): HTMLButtonElement {
    const attributes = { type: 'button', class: 'row', tabindex: '-1', 'data-call-id': callId };
    // Without a gap between them, a screen reader would run the parts into one word.
    const button = element(
      'button',
      attributes,
      children.flatMap((child) => [child, ' ']),
    );
    button.addEventListener('click', () => this.#onChosen(callId));
    return button;
  }

  #onKey(event: KeyboardEvent): void {
    const buttons = this.#buttons();
    const at = buttons.findIndex((button) => button === document.activeElement);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: buttons.length - 1,
    };
    const target = buttons[steps[event.key] ?? -1];
    if (at < 0 || !target) return;
    event.preventDefault();
    target.focus();
  }

  /** Tab goes to one row, the arrow keys to the others. */
  #rove(): void {
    const buttons = this.#buttons();
    const chosen = buttons.find((button) => button.getAttribute('aria-current') === 'true');
    const reachable = buttons.find((button) => button.dataset['callId'] === this.#focused) ?? chosen ?? buttons[0];
    for (const button of buttons) setAttribute(button, 'tabindex', button === reachable ? '0' : '-1');
  }

  #restoreFocus(): void {
    if (this.#focused !== undefined && document.activeElement === document.body) this.focus(this.#focused);
  }

  #buttons(): HTMLButtonElement[] {
    return [...this.#root.querySelectorAll<HTMLButtonElement>('button.row')];
  }
}

function callIdOf<T extends { readonly callId: string }>({ call }: Item<T>): string {
  return call.callId;
}

/** Whom it is with, and what tells it from other calls to the same number. */
function partyElement(call: LiveCall | PastCall): HTMLElement {
  const number = element('span', { class: 'number' }, [phone(call.to)]);
  const label = labelOf(call);
  return element('span', { class: 'party' }, label === '' ? [number] : [number, ' ', noteElement(label)]);
}

function clockElement(): HTMLElement {
  return element('span', { class: 'clock' });
}

function noteElement(...words: readonly string[]): HTMLElement {
  return element('span', { class: 'note' }, words);
}
