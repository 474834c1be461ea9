// The chosen call: who, how far, its figures, its lanes while it goes on, and what it was set to.

import { byId, setAttribute, setText, showPairs } from './dom.ts';
import { duration, moment, phone, seconds, UNKNOWN, usd } from './format.ts';
import { drawTrace } from './lanes.ts';
import { type PageState, secondsSince } from './state.ts';
import type { TalkTraces } from './talk-trace.ts';
import { isOver, type CallDetails, type LiveCall, type PastCall } from './wire.ts';
import { carrierWords, cureWords, labelOf, liveWords, statusWords, verdictWords } from './words.ts';

type Pair = readonly [name: string, value: string];

/** The head and the figures of the chosen call. */
export class CallView {
  readonly #root = byId('call', HTMLElement);
  readonly #choose = byId('choose', HTMLElement);
  readonly #desk = byId('desk', HTMLElement);
  readonly #title = byId('call-title', HTMLElement);
  readonly #talking = byId('call-talking', HTMLElement);
  readonly #label = byId('call-label', HTMLElement);
  readonly #cure = byId('call-cure', HTMLElement);
  readonly #duration = byId('call-duration', HTMLElement);
  readonly #trace = byId('call-trace', HTMLCanvasElement);
  readonly #livePart = byId('live-part', HTMLElement);
  readonly #figures = byId('figures', HTMLElement);
  readonly #facts = byId('facts', HTMLElement);
  readonly #trouble = byId('trouble', HTMLElement);

  constructor(onBack: () => void) {
    byId('back', HTMLButtonElement).addEventListener('click', onBack);
    this.#root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented) onBack();
    });
  }

  show(state: PageState, nowMs: number): void {
    const { chosenId, details } = state;
    const live = state.live.find(({ callId }) => callId === chosenId);
    const known = live ?? details ?? state.past.find(({ callId }) => callId === chosenId);
    this.#root.hidden = chosenId === undefined;
    this.#choose.hidden = chosenId !== undefined;
    setAttribute(this.#desk, 'data-view', chosenId === undefined ? 'list' : 'call');
    if (chosenId === undefined) return;
    setText(this.#title, known ? phone(known.to) : 'Call');
    setText(this.#label, known ? labelOf(known) : '');
    this.#showState(live, state);
    setText(this.#duration, durationOf(known, nowMs, state));
    this.#livePart.hidden = live === undefined;
    setText(this.#trouble, state.trouble);
    this.#trouble.hidden = state.trouble === '';
    showPairs(this.#figures, figuresOf(live, details, nowMs + state.aheadMs));
    showPairs(this.#facts, details ? factsOf(details, nowMs) : []);
  }

  drawTrace(traces: TalkTraces, { chosenId }: PageState, nowMs: number): void {
    if (chosenId !== undefined && !this.#livePart.hidden) drawTrace(this.#trace, traces.of(chosenId, nowMs), nowMs);
  }

  /** To the beginning of the call, for those who chose it from the list. */
  focus(): void {
    this.#title.focus();
  }

  #showState(live: LiveCall | undefined, state: PageState): void {
    const { details, past, chosenId } = state;
    const status = past.find(({ callId }) => callId === chosenId)?.status;
    const isTalking = live?.status === 'in-progress';
    setAttribute(this.#talking, 'data-talking', isTalking ? live.talking : 'nobody');
    const end = details ? verdictWords(details) : status ? statusWords(status) : '';
    setText(this.#talking, live ? liveWords(live, state) : end);
    setText(this.#cure, live || !details ? '' : cureWords(details));
  }
}

function durationOf(call: LiveCall | PastCall | undefined, nowMs: number, state: PageState): string {
  if (!call) return UNKNOWN;
  if (!isOver(call.status)) return call.answeredAt ? duration(secondsSince(call.answeredAt, nowMs, state)) : '0:00';
  return 'durationSeconds' in call && call.durationSeconds !== null ? duration(call.durationSeconds) : UNKNOWN;
}

function figuresOf(live: LiveCall | undefined, details: CallDetails | undefined, nowMs: number): Pair[] {
  const { cost, latency } = details ?? {};
  const last: Pair[] = live ? [['Last reply', seconds(live.lastReplyMs)]] : [];
  return [
    ['Cost', usd(live ? live.costUsd : cost?.totalUsd)],
    ['AI', usd(cost?.aiUsd)],
    ['Carrier', details ? carrierWords(details, nowMs) : UNKNOWN],
    ...last,
    ['Median reply', seconds(latency?.medianMs)],
    ['95 % within', seconds(latency?.p95Ms)],
    ['Greeting after', seconds(latency?.greetingMs)],
  ];
}

function factsOf(details: CallDetails, nowMs: number): Pair[] {
  const { from, createdAt, placedBy, voice, metadata, instructions, callId } = details;
  return [
    ['From', phone(from)],
    ['Placed', moment(createdAt, nowMs)],
    ['Placed by', placedBy ?? 'this machine'],
    ['Voice', voice],
    ...Object.entries(metadata),
    ['Instructions', instructions],
    ['Call id', callId],
  ];
}
