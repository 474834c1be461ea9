// Records and reports of the conversation bench, good in every way but for what a test says.

import type { CallRecord, ItemRecord } from '../../../bench/conversation/call-record';
import type { ConversationReport } from '../../../bench/conversation/conversation-report';

/** The moment at which responses of the tests begin. */
export const BEGIN_MS = 1_000;

/** An audio item that the AI made at once. */
export function item(
  itemId: string,
  audioMs: number,
  told: { readonly truncatedToMs?: number; readonly isDeleted?: boolean } = {},
  about: Partial<Pick<ItemRecord, 'responseId' | 'deltas'>> = {},
): ItemRecord {
  return {
    itemId,
    responseId: 'response 1',
    deltas: [{ atMs: BEGIN_MS, audioMs }],
    told: { isDeleted: false, ...told },
    ...about,
  };
}

/** A call whose one response begins at once and is interrupted after a second. */
export function record(about: Partial<CallRecord> = {}): CallRecord {
  return {
    index: 7,
    networkDelayMs: 0,
    answeredAtMs: BEGIN_MS + 20,
    streamStartedAtMs: BEGIN_MS + 25,
    firstAudioAtMs: BEGIN_MS + 30,
    clears: [{ atMs: 2_004, playedMs: 1_000, arrivedMs: 1_400 }],
    speechStartedAtMs: [2_000],
    responses: [{ responseId: 'response 1', atMs: BEGIN_MS }],
    items: [item('a', 3_010, { truncatedToMs: 1_000 })],
    violations: [],
    ...about,
  };
}

/** A report in which every budget is kept. */
export function conversationReport(about: Partial<ConversationReport> = {}): ConversationReport {
  const few = { count: 160, p50Ms: 1, p95Ms: 2, maxMs: 3 };
  const errors = { ...few, leastMs: -3, mostMs: 1 };

  return {
    calls: 40,
    delayedCalls: 10,
    networkDelayMs: 40,
    concurrency: 10,
    requestsPerSecond: 0,
    greetingAfterAnswer: few,
    greetingAfterStream: few,
    clear: few,
    audioEnd: errors,
    audioEndByKind: [{ kind: 'several items', ...errors }],
    audioEndDelayed: errors,
    aboveSent: 0,
    lateGreetings: 0,
    faults: [],
    loopDelayP99Ms: 1,
    foreignCpuPercent: 1,
    interruptions: [],
    ...about,
  };
}
