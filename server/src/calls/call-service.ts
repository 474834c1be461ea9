// The use cases: place a call, look at calls, steer and end them, take a carrier's event, join a stream, drain.

import { randomUUID } from 'node:crypto';
import { type Call, type CallRequest, createCall, MAX_INSTRUCTIONS } from './call';
import { CallIntake } from './call-intake';
import { CallRegistry } from './call-registry';
import type { AnnouncedStream, AnnouncedTransfer, SayRequest } from './conversation-ports';
import { endCall, type EndReason } from './end-call';
import { CallNotFoundError, CallStateError, CapacityError, DrainingError, IdempotencyMismatchError } from './errors';
import type { WatchedCall } from './reaper';
import type { LiveCallDeps } from './call-parts';
import { LateEvents } from './late-events';
import { LiveCall } from './live-call';
import type { CarrierEvent } from './ports';
import type { CallPage, CallQuery, CallStore, Idempotency, Insertion, Replay, StoredEntry } from './record-ports';
import { RecentIds } from './recent-ids';
import { fromRecord } from './record-reading';

const CONVERSATION_ENDING = 'The conversation of the call is ending, or a machine has answered.';

const STOPPED_AT_ONCE = endCall('server-stopping', { isAtOnce: true });

/** What the service works with. */
export type CallServiceDeps = Omit<LiveCallDeps, 'onLegDown'> & {
  readonly store: CallStore;
  readonly maxConcurrentCalls: number;
  /** Whatever else may speak against a new call; each throws the error that says so. */
  readonly gates: readonly Gate[];
};

/** Something that new calls have to pass. */
export type Gate = { check(): void };

/** New instructions, instead of or beside those that the call has. */
export type InstructionsChange = { readonly instructions: string; readonly mode: 'replace' | 'append' };

/** A placed call, and whether this request only found it again. */
export type Placement = {
  readonly call: Call;
  readonly isReplay: boolean;
};

/** The calls of this node, as the edges see them. */
export class CallService {
  readonly #deps: CallServiceDeps;
  readonly #registry = new CallRegistry();
  readonly #seenEvents: RecentIds;
  readonly #intake: CallIntake;
  readonly #late: LateEvents;
  /** Calls whose first record is being written; each has its place already. */
  readonly #inserting = new Map<string, Promise<Insertion>>();
  #stage: 'open' | 'draining' | 'ended' = 'open';

  constructor(deps: CallServiceDeps) {
    this.#deps = deps;
    this.#seenEvents = new RecentIds(deps.clock);
    this.#intake = new CallIntake(deps);
    this.#late = new LateEvents(deps);
  }

  /** How many calls are not over. */
  get activeCalls(): number {
    return this.#registry.active().length;
  }

  /**
   * Records the call and dials it. With a known idempotency key it returns the call of the first request.
   * @throws DrainingError, CapacityError, IdempotencyMismatchError, RecordsUnavailableError, and what the gates throw
   */
  async place(request: CallRequest, idempotency?: Idempotency): Promise<Placement> {
    const known = idempotency && (await this.#intake.findReplay(idempotency));
    if (known) return this.#replay(known);
    // When all places are taken, it may be by a request with the same key whose record is still being written.
    if (this.#isFull && idempotency) {
      await this.#whenInserted();
      const placed = await this.#intake.findReplay(idempotency);
      if (placed) return this.#replay(placed);
    }
    this.#admit();
    const call = createCall(randomUUID(), request, this.#deps.clock.nowMs());
    const inserting = this.#insert(call, idempotency);
    // The place is taken before the record is written, so that a burst cannot slip past the limit.
    this.#inserting.set(call.callId, inserting);
    const insertion = await inserting;
    return insertion.kind === 'inserted' ? { call, isReplay: false } : this.#replay(insertion);
  }

  /** @throws CallNotFoundError, RecordsUnavailableError */
  async get(callId: string): Promise<Call> {
    const call = this.#registry.find(callId)?.call ?? (await this.#findStored(callId));
    if (!call) throw new CallNotFoundError('No call has this id.');
    return call;
  }

  /** The call's timeline after an entry of it, everything noted so far included. */
  async timeline(callId: string, afterSequence = 0): Promise<readonly StoredEntry[]> {
    await this.#deps.journal.flush();
    return fromRecord(this.#deps.store.timeline(callId, afterSequence));
  }

  /** Calls that are not over, oldest first. */
  active(): readonly Call[] {
    return this.#registry.active().map((live) => live.call);
  }

  /** Calls of all times, newest first. */
  async list(query: CallQuery): Promise<CallPage> {
    await this.#deps.journal.flush();
    return fromRecord(this.#deps.store.list(query));
  }

  /** @throws CallNotFoundError, CallStateError */
  async hangUp(callId: string): Promise<Call> {
    const live = await this.#findLive(callId, 'hung up');
    const reason = live.call.status === 'in-progress' ? 'api-hung-up' : 'api-canceled';
    live.end(endCall(reason));
    return live.call;
  }

  /** Silences the AI; `wasSpeaking` is false when there was nothing to silence. @throws CallNotFoundError, CallStateError */
  async interrupt(callId: string): Promise<{ readonly call: Call; readonly wasSpeaking: boolean }> {
    const live = await this.#findTalking(callId, 'to interrupt');
    return { wasSpeaking: live.talk.interrupt(), call: live.call };
  }

  /** Has the AI say a text. @throws CallNotFoundError, CallStateError */
  async say(
    callId: string,
    request: Omit<SayRequest, 'sayId'>,
  ): Promise<{ readonly call: Call; readonly sayId: string }> {
    const live = await this.#findTalking(callId, 'in which the AI could speak');
    const sayId = randomUUID();
    const refusal = live.talk.say({ ...request, sayId });
    if (refusal === 'busy') throw new CallStateError(live.call.status, 'Too many texts wait to be said in this call.');
    if (refusal === 'ending') throw new CallStateError(live.call.status, CONVERSATION_ENDING);
    return { call: live.call, sayId };
  }

  /** Changes what the AI is to do, from its next response on. @throws CallNotFoundError, CallStateError */
  async setInstructions(callId: string, { instructions, mode }: InstructionsChange): Promise<Call> {
    const live = await this.#findLive(callId, 'instructed');
    const whole = mode === 'replace' ? instructions : `${live.call.instructions}\n\n${instructions}`;
    if (whole.length > MAX_INSTRUCTIONS)
      throw new CallStateError(
        live.call.status,
        `The instructions would be longer than ${MAX_INSTRUCTIONS} characters.`,
      );
    live.setInstructions(whole);
    return live.call;
  }

  /** Plays touch tones to the callee. @throws CallNotFoundError, CallStateError, CarrierError */
  async sendDigits(callId: string, digits: string): Promise<Call> {
    const live = await this.#findTalking(callId, 'in which tones could be sent');
    await live.sendDigits(digits);
    return live.call;
  }

  /** Transfers the callee; the record tells how it went. @throws CallNotFoundError, CallStateError */
  async transfer(callId: string, request: AnnouncedTransfer): Promise<Call> {
    const live = await this.#findTalking(callId, 'to transfer');
    const refusal = live.isTransferring ? 'busy' : live.talk.transfer(request);
    if (refusal === 'busy') throw new CallStateError(live.call.status, 'The call is being transferred already.');
    if (refusal === 'ending') throw new CallStateError(live.call.status, CONVERSATION_ENDING);
    return live.call;
  }

  /** Joins a carrier's stream to its call; returns false when there is no such call, or it has another leg. */
  attachStream(callId: string, { stream, carrierCallId }: AnnouncedStream): boolean {
    return this.#registry.find(callId)?.attachStream(stream, carrierCallId) ?? false;
  }

  /** Takes one event of the carrier, once. Events of calls that are not ours are none of our business. */
  async onCarrierEvent(event: CarrierEvent): Promise<void> {
    if (event.callId === undefined || !this.#seenEvents.add(event.eventId)) return;
    const live = this.#registry.find(event.callId);
    if (live) live.onCarrierEvent(event);
    else await this.#late.take(event.callId, event);
  }

  /** The calls of this node, those that are just closing included, for the comparison with the carrier. */
  watched(): readonly WatchedCall[] {
    return this.#registry.all().map((live) => live.watched);
  }

  /** The carrier has no leg of this call any more, and did not say so by itself. */
  onLegGone(callId: string, reason: EndReason): void {
    this.#registry.find(callId)?.onLegEnded(endCall(reason));
  }

  /** True when no new calls are taken because the server stops. */
  get isDraining(): boolean {
    return this.#stage !== 'open';
  }

  /** Takes no new calls from now on. */
  startDraining(): void {
    if (this.#stage === 'open') this.#stage = 'draining';
  }

  /** Resolves when the last call is closed. */
  async whenIdle(): Promise<void> {
    await this.#whenInserted();
    await this.#late.whenIdle();
    await this.#registry.whenIdle();
  }

  /** Says goodbye in every conversation, and ends the other calls, because the server stops. */
  takeLeave(): void {
    for (const live of this.#registry.active()) live.leave('server-stopping');
  }

  /** Ends every call at once because the server stops; one that is just being recorded is not dialled any more. */
  endAll(): void {
    this.#stage = 'ended';
    for (const live of this.#registry.active()) live.end(STOPPED_AT_ONCE);
  }

  get #isFull(): boolean {
    return this.#registry.size + this.#inserting.size >= this.#deps.maxConcurrentCalls;
  }

  #admit(): void {
    if (this.isDraining) throw new DrainingError('The server is stopping and takes no new calls.');
    if (this.#isFull) throw new CapacityError(this.#deps.maxConcurrentCalls);
    for (const gate of this.#deps.gates) gate.check();
  }

  async #insert(call: Call, idempotency: Idempotency | undefined): Promise<Insertion> {
    const inserted = this.#intake.insert(call, idempotency);
    const insertion = await inserted.finally(() => this.#inserting.delete(call.callId));
    if (insertion.kind === 'inserted') this.#start(call);
    return insertion;
  }

  async #whenInserted(): Promise<void> {
    await Promise.allSettled(this.#inserting.values());
  }

  #start(call: Call): void {
    const onLegDown = (callId: string): void => this.#late.onLegDown(callId);
    const live = new LiveCall(call, { ...this.#deps, onLegDown }, (closed) =>
      this.#registry.remove(closed.call.callId),
    );
    this.#registry.add(live);
    this.#deps.journal.note(call, 'call.queued');
    if (this.#stage === 'ended') return void live.end(STOPPED_AT_ONCE);
    live.start().catch((error: unknown) => {
      this.#deps.log.error('Starting a call failed', { callId: live.call.callId, error });
      live.end(endCall('internal-error'));
    });
  }

  async #replay(known: Replay): Promise<Placement> {
    if (known.kind === 'replayed') return { call: await this.get(known.call.callId), isReplay: true };
    throw new IdempotencyMismatchError('This Idempotency-Key was used before with another request.');
  }

  /** The call, if the AI and the callee are joined. */
  async #findTalking(callId: string, purpose: string): Promise<LiveCall> {
    const live = await this.#findLive(callId, 'commanded');
    if (live.isStreaming) return live;
    const { status } = live.call;
    throw new CallStateError(status, `The call is ${status} and has no conversation ${purpose}.`);
  }

  async #findLive(callId: string, command: string): Promise<LiveCall> {
    const live = this.#registry.find(callId);
    if (live && !live.isOver) return live;
    const { status } = live?.call ?? (await this.get(callId));
    throw new CallStateError(status, `A call that is ${status} cannot be ${command}.`);
  }

  /** What has just happened to a call may still be on its way into the store. */
  async #findStored(callId: string): Promise<Call | undefined> {
    await this.#deps.journal.flush();
    return fromRecord(this.#deps.store.find(callId));
  }
}
