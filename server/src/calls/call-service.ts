// The use cases: place a call, look at calls, steer and end them, take a carrier's event, join a stream, drain.

import { randomUUID } from 'node:crypto';
import { Admission, type Entry, type AdmissionDeps } from './admission/admission';
import { type Call, type CallRequest, createCall, MAX_INSTRUCTIONS } from './call';
import { CallIntake } from './call-intake';
import { CallRegistry } from './call-registry';
import type { Talking } from './conversation-events';
import type { AnnouncedStream, SayRequest } from './conversation-ports';
import { endCall, type EndReason } from './end-call';
import { InTurn } from '../lib/in-turn';
import { CallNotFoundError, CallStateError, IdempotencyMismatchError } from './errors';
import type { WatchedCall } from './upkeep/reaper';
import type { LiveCallDeps } from './call-parts';
import { LateEvents } from './upkeep/late-events';
import { LiveCall } from './live-call';
import type { CarrierEvent } from './ports';
import type { TransferOrder } from './admission/transfer-places';
import type { CallPage, CallQuery, CallStore, Idempotency, Replay, StoredEntry } from './record-ports';
import { RecentIds } from './recent-ids';
import { fromRecord } from './record-reading';

const CONVERSATION_ENDING = 'The conversation of the call is ending, or a machine has answered.';

const STOPPED_AT_ONCE = endCall('server-stopping', { isAtOnce: true });

/** What the service works with. */
export type CallServiceDeps = Omit<LiveCallDeps, 'onLegDown' | 'admitTransfer'> &
  AdmissionDeps & { readonly store: CallStore };

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
  readonly #admission: Admission;
  /** Requests with one idempotency key, so that a repeat finds the call of the first one. */
  readonly #repeats = new InTurn();
  #isEnded = false;

  constructor(deps: CallServiceDeps) {
    this.#deps = deps;
    this.#seenEvents = new RecentIds(deps.clock);
    this.#intake = new CallIntake(deps);
    this.#late = new LateEvents({ ...deps, liveBill: (callId) => this.#registry.find(callId) });
    this.#admission = new Admission(deps, () => this.#registry.size);
  }

  /** How many calls are not over. */
  get activeCalls(): number {
    return this.#registry.active().length;
  }

  /**
   * Records the call and dials it. With a known idempotency key it returns the call of the first request. `signal` is
   * aborted when whoever asked has gone: a call that has not begun by then does not begin at all.
   * @throws IdempotencyMismatchError, RecordsUnavailableError, and what admission throws
   */
  place(request: CallRequest, idempotency?: Idempotency, signal?: AbortSignal): Promise<Placement> {
    if (!idempotency) return this.#placeNew(request, undefined, signal);
    return this.#repeats.run(idempotency.key, async () => {
      const known = await this.#intake.findReplay(idempotency);
      return known ? this.#replay(known) : this.#placeNew(request, idempotency, signal);
    });
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

  /** Who is heard in a call of this node at this moment; nobody in any other. */
  talking(callId: string): Talking {
    return this.#registry.find(callId)?.talk.talking ?? 'nobody';
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

  /**
   * Transfers the callee; the record tells how it went.
   * @throws CallNotFoundError, CallStateError, DestinationLimitError, KeyLimitError, CallRateError, RecordsUnavailableError
   */
  async transfer(callId: string, order: TransferOrder): Promise<Call> {
    const live = await this.#findTalking(callId, 'to transfer');
    const refusal = live.isTransferring ? 'busy' : await live.transfer(order);
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
    if (live && event.type !== 'leg.cost') live.onCarrierEvent(event);
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

  /** True when no new calls are taken because all places are. */
  get isFull(): boolean {
    return this.#admission.isFull;
  }

  /** True when no new calls are taken because the server stops. */
  get isDraining(): boolean {
    return this.#admission.isClosed;
  }

  /** Takes no new calls from now on. */
  startDraining(): void {
    this.#admission.close();
  }

  /** Resolves when the last call is closed. */
  async whenIdle(): Promise<void> {
    await this.#admission.whenIdle();
    await this.#late.whenIdle();
    await this.#registry.whenIdle();
  }

  /** Begins nothing new for calls that are over. */
  close(): void {
    this.#late.close();
  }

  /** Says goodbye in every conversation, and ends the other calls, because the server stops. */
  takeLeave(): void {
    for (const live of this.#registry.active()) live.leave('server-stopping');
  }

  /** Ends every call at once because the server stops; one that is just being recorded is not dialled any more. */
  endAll(): void {
    this.#isEnded = true;
    this.#admission.close();
    for (const live of this.#registry.active()) live.end(STOPPED_AT_ONCE);
  }

  async #placeNew(request: CallRequest, idempotency?: Idempotency, signal?: AbortSignal): Promise<Placement> {
    const enter = async (): Promise<Entry & { readonly call: Call }> => {
      const created = createCall(randomUUID(), request, this.#deps.clock.nowMs());
      const result = await this.#intake.insert(created, idempotency);
      if (result.kind === 'inserted') this.#start(created);
      return { call: created, insertion: result };
    };
    const { call, insertion } = await this.#admission.admit(request, enter, signal);
    return insertion.kind === 'inserted' ? { call, isReplay: false } : this.#replay(insertion);
  }

  #start(call: Call): void {
    const onLegDown = (callId: string): void => this.#late.onLegDown(callId);
    const admitTransfer: LiveCallDeps['admitTransfer'] = (request) => this.#admission.admitTransfer(request);
    const live = new LiveCall(call, { ...this.#deps, onLegDown, admitTransfer }, (closed) =>
      this.#registry.remove(closed.call.callId),
    );
    this.#registry.add(live);
    this.#deps.journal.note(call, 'call.queued');
    if (this.#isEnded) return void live.end(STOPPED_AT_ONCE);
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
