// The use cases: place a call, look at calls, steer and end them, take a carrier's event, join a stream, drain.

import { randomUUID } from 'node:crypto';
import type { Backoff } from '../lib/backoff';
import { type Call, type CallRequest, createCall, MAX_INSTRUCTIONS } from './call';
import { CallRegistry } from './call-registry';
import { CarrierLeg } from './carrier-leg';
import type { AnnouncedStream, AnnouncedTransfer, SayRequest } from './conversation-ports';
import { endCall } from './end-call';
import { CallNotFoundError, CallStateError, CapacityError, DrainingError, IdempotencyMismatchError } from './errors';
import { LiveCall, type LiveCallDeps } from './live-call';
import type {
  CallPage,
  CallQuery,
  CallStore,
  CarrierEvent,
  Idempotency,
  Insertion,
  Replay,
  TimelineEntry,
} from './ports';
import { RecentIds } from './recent-ids';
import { withRetries } from './retry';

// A request waits for an answer; a leg that should not be up is worth more patience with the database.
const STORE_TRIES = 4;
const STORE_BACKOFF: Backoff = { firstMs: 50, capMs: 200 };
const FIND_TRIES = 8;
const FIND_BACKOFF: Backoff = { firstMs: 100, capMs: 5_000 };

const CONVERSATION_ENDING = 'The conversation of the call is ending, or a machine has answered.';

/** What the service works with. */
export type CallServiceDeps = LiveCallDeps & {
  readonly store: CallStore;
  readonly maxConcurrentCalls: number;
};

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
  /** Records being inserted. */
  readonly #insertions = new Set<Promise<unknown>>();
  /** Legs of calls long over, on their way down. */
  readonly #takeDowns = new Set<Promise<unknown>>();
  #isDraining = false;

  constructor(deps: CallServiceDeps) {
    this.#deps = deps;
    this.#seenEvents = new RecentIds(deps.clock);
  }

  /** How many calls are not over. */
  get activeCalls(): number {
    return this.#registry.active().length;
  }

  /**
   * Records the call and dials it. With a known idempotency key it returns the call of the first request.
   * @throws DrainingError, CapacityError, IdempotencyMismatchError
   */
  async place(request: CallRequest, idempotency?: Idempotency): Promise<Placement> {
    const known = idempotency && (await this.#deps.store.findReplay(idempotency));
    if (known) return this.#replay(known);
    // When all places are taken, it may be by a request with the same key whose record is still being written.
    if (this.#isFull && idempotency) {
      await Promise.allSettled(this.#insertions);
      const placed = await this.#deps.store.findReplay(idempotency);
      if (placed) return this.#replay(placed);
    }
    const call = createCall(randomUUID(), request, this.#deps.clock.nowMs());
    const live = this.#reserve(call);
    const insertion = await tracked(this.#insertions, this.#insert(call, idempotency)).catch((error: unknown) => {
      this.#registry.remove(call.callId);
      throw error;
    });
    if (insertion.kind === 'inserted') {
      this.#start(live);
      return { call, isReplay: false };
    }
    this.#registry.remove(call.callId);
    return this.#replay(insertion);
  }

  /** @throws CallNotFoundError */
  async get(callId: string): Promise<Call> {
    const call = this.#registry.find(callId)?.call ?? (await this.#findStored(callId));
    if (!call) throw new CallNotFoundError('No call has this id.');
    return call;
  }

  /** The call's timeline, everything noted so far included. */
  async timeline(callId: string): Promise<readonly TimelineEntry[]> {
    await this.#deps.journal.flush();
    return this.#deps.store.timeline(callId);
  }

  /** Calls that are not over, oldest first. */
  active(): readonly Call[] {
    return this.#registry.active().map((live) => live.call);
  }

  /** Calls of all times, newest first. */
  async list(query: CallQuery): Promise<CallPage> {
    await this.#deps.journal.flush();
    return this.#deps.store.list(query);
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
    if (live) return live.onCarrierEvent(event);
    const isAlive = event.type === 'leg.ringing' || event.type === 'leg.answered' || event.type === 'stream.started';
    if (isAlive) await this.#takeDownLateLeg(event.callId, event);
  }

  /** Takes no new calls from now on. */
  startDraining(): void {
    this.#isDraining = true;
  }

  /** Resolves when the last call is closed. */
  async whenIdle(): Promise<void> {
    await Promise.allSettled(this.#insertions);
    await Promise.allSettled(this.#takeDowns);
    await this.#registry.whenIdle();
  }

  /** Ends every call because the server stops. */
  endAll(): void {
    for (const live of this.#registry.active()) live.end(endCall('server-stopping'));
  }

  /** A database that is locked for a moment is no reason to refuse a call. */
  #insert(call: Call, idempotency: Idempotency | undefined): Promise<Insertion> {
    const policy = { tries: STORE_TRIES, backoff: STORE_BACKOFF, onFailure: () => true };
    return withRetries(this.#deps.clock, policy, () => this.#deps.store.insert(call, idempotency));
  }

  get #isFull(): boolean {
    return this.#registry.size >= this.#deps.maxConcurrentCalls;
  }

  /** The place is taken before the record is written, so that a burst cannot slip past the limit. */
  #reserve(call: Call): LiveCall {
    if (this.#isDraining) throw new DrainingError('The server is stopping and takes no new calls.');
    if (this.#isFull) throw new CapacityError(this.#deps.maxConcurrentCalls);
    const live = new LiveCall(call, this.#deps, (closed) => this.#registry.remove(closed.call.callId));
    this.#registry.add(live);
    return live;
  }

  /** A call that was ended while its record was being written is only recorded as that. */
  #start(live: LiveCall): void {
    if (live.isOver) return this.#deps.journal.save(live.call);
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
    return this.#deps.store.find(callId);
  }

  /** The call was given up (its dial was never answered, say), and now its phone rings after all. */
  async #takeDownLateLeg(callId: string, event: CarrierEvent): Promise<void> {
    if (!(await this.#isOurs(callId, event.eventId))) return;
    this.#deps.log.warn('The carrier reports a live leg for a call that is over, hanging it up', { callId });
    const leg = new CarrierLeg(callId, this.#deps);
    leg.learn(event.carrierCallId);
    await tracked(this.#takeDowns, leg.takeDown());
  }

  /** Another server may share the carrier's account: only calls in our record are ours to hang up. */
  async #isOurs(callId: string, eventId: string): Promise<boolean> {
    const policy = { tries: FIND_TRIES, backoff: FIND_BACKOFF, onFailure: () => true };
    try {
      return (await withRetries(this.#deps.clock, policy, () => this.#deps.store.find(callId))) !== undefined;
    } catch (error) {
      // The carrier may deliver it again, and then it has to count as new.
      this.#seenEvents.remove(eventId);
      throw error;
    }
  }
}

/** Keeps `work` in `set` until it is settled. */
async function tracked<T>(set: Set<Promise<unknown>>, work: Promise<T>): Promise<T> {
  set.add(work);
  return work.finally(() => set.delete(work));
}
