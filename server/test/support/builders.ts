// Values for tests: complete, plausible, and changed only where a test cares.

import { DEFAULT_BEHAVIOUR } from '../../src/calls/behaviour';
import { type Call, type CallRequest, type CallUsage, createCall, NO_USAGE } from '../../src/calls/call';
import type { Charge, Spending } from '../../src/calls/cost';
import type { ItemRef } from '../../src/calls/conversation-ports';
import type { CarrierEvent, CarrierOccurrence, DialRequest } from '../../src/calls/ports';
import type { TimelineEntry } from '../../src/calls/record-ports';
import { ManualClock } from './manual-clock';

/** Ids are version 4 UUIDs that can be told apart at a glance. */
export function aCallId(number = 1): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** A request for a call. */
export function aCallRequest(changes: Partial<CallRequest> = {}): CallRequest {
  return {
    to: '+12025550123',
    from: '+12025550100',
    instructions: 'Confirm the appointment.',
    voice: 'marin',
    maxDurationSeconds: 600,
    behaviour: DEFAULT_BEHAVIOUR,
    isRecorded: false,
    metadata: {},
    ...changes,
  };
}

/** A new call in status `queued`. */
export function aCall(changes: Partial<Call> = {}): Call {
  return { ...createCall(aCallId(), aCallRequest(), ManualClock.START_MS), ...changes };
}

/** Usage of one response, or of whatever a test says. */
export function aUsage(changes: Partial<CallUsage> = {}): CallUsage {
  return { ...NO_USAGE, ...changes };
}

/** The charge of one response. */
export function aCharge(changes: Partial<Charge> = {}): Charge {
  return {
    source: 'response',
    reference: 'response-a',
    model: 'gpt-realtime-2.1-mini',
    pricesAsOf: '2026-11-20',
    items: [{ kind: 'audio-output', quantity: 100, unit: 'tokens', unitPriceUsd: 0.00002, amountUsd: 0.002 }],
    ...changes,
  };
}

/** What one response has used. */
export function aSpending(changes: Partial<CallUsage> = {}): Spending {
  return { usage: aUsage(changes), charge: aCharge() };
}

/** An item of the AI. */
export function anItem(changes: Partial<ItemRef> = {}): ItemRef {
  return { responseId: 'response-a', itemId: 'item-a', contentIndex: 0, ...changes };
}

/** A dial command. */
export function aDialRequest(changes: Partial<DialRequest> = {}): DialRequest {
  return {
    callId: aCallId(),
    to: '+12025550123',
    from: '+12025550100',
    ringTimeoutSeconds: 45,
    timeLimitSeconds: 660,
    stream: { url: 'ws://localhost/media-bridge', token: 'token' },
    detectsMachine: false,
    answerTimeoutMs: 8_000,
    signal: new AbortController().signal,
    ...changes,
  };
}

let lastEvent = 0;

type EventChanges = {
  readonly callId?: string;
  readonly carrierCallId?: string;
  readonly eventId?: string;
  readonly leg?: CarrierEvent['leg'];
  readonly transferAttempt?: number | undefined;
};

/** A carrier's event, with an id of its own unless told otherwise. */
export function aCarrierEvent(occurrence: CarrierOccurrence, changes: EventChanges = {}): CarrierEvent {
  lastEvent += 1;

  return {
    eventId: `event-${lastEvent}`,
    occurredAtMs: ManualClock.START_MS,
    carrierCallId: 'leg-1',
    callId: aCallId(),
    leg: 'callee',
    ...changes,
    ...occurrence,
  };
}

/** An entry of a timeline. */
export function anEntry(changes: Partial<TimelineEntry> = {}): TimelineEntry {
  return { callId: aCallId(), atMs: ManualClock.START_MS, type: 'call.queued', data: {}, ...changes };
}
