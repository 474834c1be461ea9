// Who has talked when in a live call, over the last minute: what the two lanes of a call are drawn from.

import type { LiveCall, Talking } from './wire.ts';

/** How much of it is kept. */
export const TRACE_MS = 60_000;

/** Somebody talked from then to then; the last span of a call goes on. */
export type Span = { readonly fromMs: number; toMs: number; readonly talking: Talking };

/** The traces of all live calls. Times are those of this page. */
export class TalkTraces {
  readonly #spans = new Map<string, Span[]>();

  /** Notes how the calls are; those that are not there any more are forgotten. */
  note(calls: readonly Pick<LiveCall, 'callId' | 'talking'>[], nowMs: number): void {
    const present = new Set(calls.map(({ callId }) => callId));
    for (const callId of this.#spans.keys()) if (!present.has(callId)) this.#spans.delete(callId);
    for (const { callId, talking } of calls) this.#noteOne(callId, talking, nowMs);
  }

  /** The spans of a call that began at most a minute ago or reach into it, the last one up to now. */
  of(callId: string, nowMs: number): readonly Span[] {
    const spans = this.#spans.get(callId) ?? [];
    const last = spans.at(-1);
    if (last) last.toMs = Math.max(last.toMs, nowMs);
    return spans.filter(({ toMs }) => toMs > nowMs - TRACE_MS);
  }

  #noteOne(callId: string, talking: Talking, nowMs: number): void {
    const spans = this.#spans.get(callId) ?? [];
    const last = spans.at(-1);
    if (last) last.toMs = nowMs;
    if (last?.talking !== talking) spans.push({ fromMs: nowMs, toMs: nowMs, talking });
    while (spans[0] && spans[0].toMs < nowMs - TRACE_MS) spans.shift();
    this.#spans.set(callId, spans);
  }
}
