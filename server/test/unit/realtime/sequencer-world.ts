// A response sequencer in a small world of its own: a server that works off what it is sent, a callee, and the trail of
// every request. The failures are counted by the real thing; the few lines between the two are those of the session.

import type { RealtimeClientEvent, ResponseCreateEvent } from 'openai/resources/realtime/realtime';
import type { TurnTaking } from '../../../src/calls/speech';
import type { EndedResponse, GivenUpResponse } from '../../../src/realtime/active-response';
import { FailedResponses } from '../../../src/realtime/failed-responses';
import { ResponseSequencer } from '../../../src/realtime/response-sequencer';
import { ManualClock } from '../../support/manual-clock';

const TRANSIENT = { type: 'server_error', code: 'rate_limit_exceeded' };

export type RequestKind = 'kept' | 'moot' | 'protected';

/** What the server makes of a request when it is free to begin it. */
export type Fate = 'begin' | 'refuse' | 'overload' | 'lose';

/** Sequencer, server and callee. */
export class SequencerWorld {
  readonly clock = new ManualClock();
  /**
   * What happened to each request, in order: S begun, U begun unwanted, F its response failed or was given up, and is
   * asked for again, D dropped.
   */
  readonly trails = new Map<string, string>();
  /** What the sequencer should not have done. */
  readonly faults: string[] = [];
  hasGivenUp = false;
  readonly #kinds = new Map<string, RequestKind>();
  readonly #requestOf = new Map<string, string | undefined>();
  readonly #cancelledIds = new Set<string>();
  readonly #toServer: RealtimeClientEvent[] = [];
  readonly #toolRunIds = new Set<string>();
  #activeId: string | undefined;
  #owesAnswer = false;
  #isCalleeSpeaking = false;
  /** As the server has it. */
  #turns: TurnTaking = 'server';
  #lastNumber = 0;
  readonly #sequencer = new ResponseSequencer({
    clock: this.clock,
    send: (event) => this.#onSent(event),
    hasToStay: () => false,
    onGivenUp: (responseId, status) => this.#onGivenUp({ responseId, hasSound: status === 'incomplete' }),
    onUnanswered: () => this.#failures.onFailure({ code: 'response_not_created' }),
    onDropped: (requestId) => this.#note(requestId, 'D'),
  });
  readonly #failures = new FailedResponses(this.clock, {
    retry: () => this.#sequencer.repeat(),
    giveUp: () => {
      this.hasGivenUp = true;
      this.#sequencer.close();
    },
  });

  start(): void {
    this.#sequencer.start();
  }

  ask(kind: RequestKind): void {
    this.#lastNumber += 1;
    const requestId = `${kind}-${this.#lastNumber}`;
    this.#kinds.set(requestId, kind);
    this.trails.set(requestId, '');
    const response = { instructions: requestId };
    const flags = { isMootWhenAnswered: kind === 'moot', isProtected: kind === 'protected' };
    this.#sequencer.request({ requestId, response, ...flags });
  }

  /** The server takes the next of what it was sent. */
  serve(fate: Fate): void {
    const event = this.#toServer.shift();
    if (event?.type === 'response.cancel' && event.response_id === this.#activeId) return this.finish('cancelled');
    if (event?.type === 'session.update') return this.#update(event.event_id as TurnTaking);
    if (event?.type !== 'response.create') return;
    const eventId = event.event_id ?? '';
    if (this.#activeId !== undefined) return void this.#sequencer.onRefused(eventId, true);
    if (fate === 'begin') return this.#begin(event.response?.metadata as Record<string, string>);
    if (fate === 'lose') return;
    const isOurs = this.#sequencer.onRefused(eventId, false);
    if (!isOurs) return;
    if (fate === 'refuse') this.#sequencer.dropLast();
    else this.#failures.onFailure(TRANSIENT);
  }

  /** The server begins the answer that it owes the callee. */
  answer(): void {
    if (!this.#owesAnswer || this.#activeId !== undefined) return;
    this.#owesAnswer = false;
    this.#begin(null);
  }

  sound(): void {
    if (this.#activeId !== undefined) this.#sequencer.onSound(this.#activeId);
  }

  /** The response that is being made calls a tool, which is run if anybody wants it. */
  callTool(): void {
    const responseId = this.#activeId;
    if (responseId !== undefined && this.#sequencer.onProgress(responseId)) this.#toolRunIds.add(responseId);
  }

  finish(status: 'completed' | 'failed' | 'incomplete' | 'cancelled'): void {
    const responseId = this.#activeId;
    if (responseId === undefined) return;
    this.#activeId = undefined;
    const isFailure = ({ wasCancelled, hasSound }: EndedResponse): boolean =>
      !wasCancelled &&
      !this.#toolRunIds.has(responseId) &&
      (status === 'failed' || (status === 'incomplete' && !hasSound));
    const ended = this.#sequencer.onDone(responseId, isFailure);
    if (status === 'completed' && !ended.wasCancelled) this.#failures.forget();
    if (!isFailure(ended)) return;
    this.#note(this.#requestOf.get(responseId), 'F');
    this.#failures.onFailure(TRANSIENT);
  }

  startSpeech(): void {
    this.#isCalleeSpeaking = true;
    this.#owesAnswer = false;
    this.#sequencer.onSpeechStarted();
    if (!this.#sequencer.isProtectedRetryDue) this.#putOffRetry();
    if (this.#turns === 'server') this.finish('cancelled');
  }

  stopSpeech(): void {
    if (!this.#isCalleeSpeaking) return;
    this.#isCalleeSpeaking = false;
    this.#owesAnswer = this.#turns === 'server';
    const isAnswered = this.#sequencer.onSpeechStopped();
    if (isAnswered !== this.#owesAnswer) this.faults.push(`whether the server answers was told as ${isAnswered}`);
  }

  /** The server learns of it behind what it was sent before, and the sequencer by its confirmation. */
  takeTurns(by: TurnTaking): void {
    this.#toServer.push({ type: 'session.update', event_id: by, session: { type: 'realtime' } });
  }

  cancel(which: 'active' | 'all'): void {
    if (which === 'active') return void this.#sequencer.cancelActive();
    const wasRetryDue = this.#failures.forget();
    this.#sequencer.cancel();
    if (wasRetryDue) this.#sequencer.dropLast();
  }

  pass(ms: number): void {
    this.clock.advance(ms);
  }

  /** From here on everybody does what they should, until nothing is left to do. */
  settle(): void {
    this.stopSpeech();
    for (let second = 0; second < 60; second += 1) {
      while (this.#toServer.length > 0) this.serve('begin');
      this.answer();
      this.sound();
      this.finish('completed');
      this.pass(1_000);
    }
  }

  #begin(metadata: Record<string, string> | null): void {
    this.#lastNumber += 1;
    const responseId = `r${this.#lastNumber}`;
    this.#activeId = responseId;
    this.#putOffRetry();
    const { requestId, isUnwanted } = this.#sequencer.onCreated(responseId, metadata);
    this.#requestOf.set(responseId, requestId);
    this.#note(requestId, isUnwanted ? 'U' : 'S');
  }

  #putOffRetry(): void {
    if (this.#failures.postpone()) this.#sequencer.putOff();
  }

  #onSent(event: RealtimeClientEvent): void {
    this.#toServer.push(event);
    if (event.type === 'response.cancel') this.#cancelledIds.add(event.response_id ?? '');
    if (event.type === 'response.create') this.#judge(event);
  }

  #judge({ response }: ResponseCreateEvent): void {
    const requestId = response?.instructions ?? undefined;
    const isProtected = requestId !== undefined && this.#kinds.get(requestId) === 'protected';
    if (this.#isCalleeSpeaking && !isProtected) this.faults.push(`${requestId} was asked for over the callee`);
    const isMaking = this.#activeId !== undefined && !this.#cancelledIds.has(this.#activeId);
    if (isMaking) this.faults.push(`${requestId} was asked for beside another response`);
  }

  #update(by: TurnTaking): void {
    this.#turns = by;
    this.#sequencer.takeTurns(by);
  }

  /** What was heard in part has come to its end by that. */
  #onGivenUp({ responseId, hasSound }: GivenUpResponse): void {
    if (!hasSound) this.#note(this.#requestOf.get(responseId), 'F');
  }

  #note(requestId: string | undefined, what: string): void {
    const trail = requestId === undefined ? undefined : this.trails.get(requestId);
    if (requestId !== undefined && trail !== undefined) this.trails.set(requestId, trail + what);
  }
}
