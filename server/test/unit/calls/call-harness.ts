// The calls of one node with everything around them faked, and words for what tests do to them.

import type { CallLimits, Gate } from '../../../src/calls/admission/admission';
import type { Call, CallRecording, CallRequest } from '../../../src/calls/call';
import { CallJournal } from '../../../src/calls/journal/call-journal';
import { CallService } from '../../../src/calls/call-service';
import { type Deadlines, DEFAULT_DEADLINES } from '../../../src/calls/call-timers';
import { endCall, type EndReason } from '../../../src/calls/end-call';
import { CarrierError, type CarrierFailure } from '../../../src/calls/errors';
import type { CarrierEvent, CarrierOccurrence } from '../../../src/calls/ports';
import type { CallWatcher, Idempotency, SpendingLimit } from '../../../src/calls/record-ports';
import { type Deferred, deferred } from '../../../src/lib/deferred';
import { aCallRequest, aCarrierEvent } from '../../support/builders';
import {
  FakeCarrier,
  FakeCarrierStream,
  FakeConversations,
  FakeMediaEndpoint,
  RecordingLogger,
  RecordingWatcher,
} from '../../support/fakes';
import { ManualClock, settle } from '../../support/manual-clock';
import { MemoryCallStore } from '../../support/memory-call-store';
import { MemoryDialLedger } from '../../support/memory-dial-ledger';

export const DEADLINES: Deadlines = DEFAULT_DEADLINES;

/** The longest that a phone may ring before we act ourselves. */
export const RING_LIMIT_MS = DEADLINES.ringTimeoutSeconds * 1000 + DEADLINES.ringGraceMs;

/** Limits that only tests about them reach. */
const WIDE_LIMITS: CallLimits = {
  maxConcurrentCalls: 10,
  callsPerSecond: 1_000,
  callsPerDestinationPerHour: 10_000,
  transfersPerDestinationPerHour: 10_000,
  callsPerKeyPerDay: 10_000,
};

type EventChanges = {
  readonly carrierCallId?: string;
  readonly eventId?: string;
  readonly leg?: CarrierEvent['leg'];
  readonly transferAttempt?: number | undefined;
};

/** What all calls may cost, as a test says. */
class FakeBudget implements SpendingLimit {
  remainingUsd = Infinity;
  readonly spent: number[] = [];

  add(usd: number): void {
    this.spent.push(usd);
  }
}

/** The audio of calls, of which a test says what was kept. */
class FakeRecordings {
  readonly finished: string[] = [];
  onFinish: () => Promise<CallRecording | undefined> = () => Promise.resolve(undefined);

  finish(callId: string): Promise<CallRecording | undefined> {
    this.finished.push(callId);
    return this.onFinish();
  }
}

/** A service whose surroundings a test controls. */
export class CallHarness {
  readonly clock = new ManualClock();
  readonly carrier = new FakeCarrier();
  readonly store = new MemoryCallStore();
  readonly dials = new MemoryDialLedger();
  /** Why somebody must not be called; undefined for whom a test says nothing of. */
  readonly notTo = new Map<string, string>();
  readonly endpoint = new FakeMediaEndpoint();
  readonly conversations = new FakeConversations();
  readonly watcher = new RecordingWatcher();
  readonly log = new RecordingLogger();
  readonly budget = new FakeBudget();
  readonly recordings = new FakeRecordings();
  /** Whatever speaks against new calls. */
  readonly gates: Gate[] = [];
  readonly journal: CallJournal;
  readonly service: CallService;

  constructor(limits: Partial<CallLimits> = {}, watchers: readonly CallWatcher[] = []) {
    const { clock, store, dials, log } = this;
    this.journal = new CallJournal({ store, clock, log, watchers: [this.watcher, ...watchers] });
    this.service = new CallService({
      carrier: this.carrier,
      mediaEndpoint: this.endpoint,
      openConversation: this.conversations.open,
      journal: this.journal,
      budget: this.budget,
      recordings: this.recordings,
      gates: this.gates,
      store,
      dials,
      whyNotTo: (to) => this.notTo.get(to),
      clock,
      log,
      deadlines: DEADLINES,
      limits: { ...WIDE_LIMITS, ...limits },
    });
  }

  /** Places a call and lets the dial get as far as it can. */
  async place(changes: Partial<CallRequest> = {}, idempotency?: Idempotency): Promise<string> {
    const { call } = await this.service.place(aCallRequest(changes), idempotency);
    await settle();
    return call.callId;
  }

  /** Delivers a carrier's event of the call. */
  async event(callId: string, occurrence: CarrierOccurrence, changes: EventChanges = {}): Promise<void> {
    const carrierCallId = this.#legOf(callId);
    await this.service.onCarrierEvent(aCarrierEvent(occurrence, { callId, carrierCallId, ...changes }));
    await settle();
  }

  /** Delivers an event of the leg of the party to whom the call is transferred; of the last attempt without other word. */
  targetEvent(callId: string, occurrence: CarrierOccurrence, changes: EventChanges = {}): Promise<void> {
    const transferAttempt = this.carrier.transfers.at(-1)?.request.attempt;
    return this.event(callId, occurrence, {
      leg: 'transfer',
      carrierCallId: 'target-leg',
      transferAttempt,
      ...changes,
    });
  }

  ring(callId: string): Promise<void> {
    return this.event(callId, { type: 'leg.ringing' });
  }

  answer(callId: string): Promise<void> {
    return this.event(callId, { type: 'leg.answered' });
  }

  /** The carrier reports the end of the leg. */
  end(callId: string, reason: EndReason = 'callee-hung-up'): Promise<void> {
    return this.event(callId, { type: 'leg.ended', verdict: endCall(reason) });
  }

  /** Places a call that is answered and whose stream is there. */
  async talk(): Promise<string> {
    const callId = await this.place();
    await this.ring(callId);
    await this.answer(callId);
    this.connectStream(callId);
    return callId;
  }

  connectStream(callId: string, carrierCallId = this.#legOf(callId)): boolean {
    return this.service.attachStream(callId, { stream: new FakeCarrierStream(), callId, carrierCallId });
  }

  /** Makes the next dial wait for the test. */
  holdDial(): Deferred<{ readonly carrierCallId: string }> {
    const dial = deferred<{ readonly carrierCallId: string }>();
    this.carrier.onDial = () => dial.promise;
    return dial;
  }

  failDial(failure: CarrierFailure): void {
    this.carrier.onDial = () => Promise.reject(carrierError(failure));
  }

  /** The call as it is now; read past the service, which would wait for the record and set a timer for that. */
  async call(callId: string): Promise<Call> {
    const call = this.service.active().find((live) => live.callId === callId) ?? (await this.recorded(callId));
    if (!call) throw new Error('There is no such call.');
    return call;
  }

  /** The call as the record has it. */
  async recorded(callId: string): Promise<Call | undefined> {
    await settle();
    await this.journal.flush();
    return this.store.find(callId);
  }

  async status(callId: string): Promise<string> {
    return (await this.call(callId)).status;
  }

  async reason(callId: string): Promise<string | undefined> {
    return (await this.call(callId)).verdict?.reason;
  }

  /** The carrier numbers its legs in the order of the dials. */
  #legOf(callId: string): string {
    return `leg-${this.carrier.dials.findIndex((dial) => dial.callId === callId) + 1}`;
  }

  /** The legs that the carrier was told to hang up, in order. */
  get hungUp(): string[] {
    return this.carrier.hangUps.map(({ carrierCallId }) => carrierCallId);
  }

  /** The statuses that were told to the watchers. */
  get statuses(): string[] {
    return this.watcher.types.filter((type) => type.startsWith('call.')).map((type) => type.slice('call.'.length));
  }
}

/** A failed carrier command; one of unknown outcome had no answer at all. */
export function carrierError(failure: CarrierFailure): CarrierError {
  const answer = { httpStatus: 403, carrierCode: '10010', refusalCode: 'D13' };
  return new CarrierError('The carrier said no', { failure, ...(failure === 'outcome-unknown' ? {} : answer) });
}
