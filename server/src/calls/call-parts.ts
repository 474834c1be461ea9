// The parts of one live call, put together: its record, its leg, its stream, its transfer, its conversation and their
// deadlines. What they do to each other is decided by LiveCall.

import type { Admission } from './admission/admission';
import type { CallControls, OpenConversation } from './agent-ports';
import type { Call } from './call';
import type { CallJournal } from './journal/call-journal';
import { CallLimit } from './call-limit';
import { CallRecord } from './call-record';
import { CallTimers, type Deadlines } from './call-timers';
import { CarrierLeg } from './carrier-leg';
import type { ConversationEvent } from './conversation-events';
import { type EndCall, endCall } from './end-call';
import { LastWords } from './last-words';
import type { Carrier, Clock, Logger, MediaEndpoint } from './ports';
import type { RecordingFiles, SpendingLimit } from './record-ports';
import { StrayLegs } from './stray-legs';
import { StreamStart } from './stream-start';
import { Talk } from './talk';
import { Transfer } from './transfer';
import { TransferPlaces } from './admission/transfer-places';

/** What a live call works with. */
export type LiveCallDeps = {
  readonly carrier: Carrier;
  readonly mediaEndpoint: MediaEndpoint;
  readonly openConversation: OpenConversation;
  readonly journal: CallJournal;
  readonly budget: SpendingLimit;
  readonly recordings?: Pick<RecordingFiles, 'finish'> | undefined;
  /** The leg of a call that is closed is down, long after it should have been. */
  readonly onLegDown: (callId: string) => void;
  /** Lets another party be dialled. */
  readonly admitTransfer: Admission['admitTransfer'];
  /** Why somebody must not be called at this moment; undefined when nothing speaks against it. */
  readonly whyNotTo: (to: string, from: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly deadlines: Deadlines;
};

/** What the parts tell their call. */
export type CallHooks = {
  /** The call is to end; the first verdict wins. */
  readonly end: (verdict: EndCall) => void;
  readonly onEvent: (event: ConversationEvent) => void;
};

/** The parts of one call. */
export type CallParts = {
  readonly record: CallRecord;
  readonly timers: CallTimers;
  readonly leg: CarrierLeg;
  readonly strays: StrayLegs;
  readonly limit: CallLimit;
  readonly lastWords: LastWords;
  readonly transfer: Transfer;
  readonly places: TransferPlaces;
  readonly stream: StreamStart;
  readonly talk: Talk;
  /** What the conversation may do to the call. */
  readonly controls: CallControls;
};

/** Puts a call together; nothing happens yet. */
export function callParts(call: Call, deps: LiveCallDeps, hooks: CallHooks): CallParts {
  const { callId, from, placedBy, maxDurationSeconds } = call;
  const timers = new CallTimers(deps.clock);
  const record = new CallRecord(call, deps);
  const leg = new CarrierLeg(callId, deps);
  const strays = new StrayLegs(callId, deps);
  const shared = { ...deps, timers, leg };
  const onReached = (): void => hooks.end(endCall('max-duration-reached'));
  const limit = new CallLimit(maxDurationSeconds, { ...shared, onReached });
  const stream = new StreamStart({
    ...shared,
    onRequested: (attempt) => record.note('stream.requested', { attempt }),
    giveUp: hooks.end,
  });
  const places = new TransferPlaces({
    ...deps,
    admit: (to, orderedBy = placedBy) => deps.admitTransfer({ to, placedBy: orderedBy }),
    whyNotTo: (to) => deps.whyNotTo(to, from),
    hand: (request) => {
      if (transfer.isUnderWay || transfer.isBridged) return 'busy';
      return talk.isStreaming ? talk.transfer(request) : 'ending';
    },
  });
  const report = (event: ConversationEvent): void => {
    // Among others, of an order that came to nothing before anybody was dialled.
    if (event.type === 'transfer.failed') places.drop();
    hooks.onEvent(event);
  };
  const transfer = new Transfer(leg, {
    ...shared,
    strays,
    from,
    places,
    remainingMs: () => limit.remainingMs,
    report,
    onTargetLeft: () => stream.onGone(endCall('transferred')),
  });
  const base = { record, timers, leg, strays, limit, stream, transfer, places, lastWords: new LastWords(leg, shared) };
  const controls = callControls(base, deps.budget, { ...hooks, onEvent: report });
  const talk = new Talk({ ...deps, controls });
  return { ...base, controls, talk };
}

function callControls(
  { record, leg, limit, transfer }: Pick<CallParts, 'record' | 'leg' | 'limit' | 'transfer'>,
  budget: SpendingLimit,
  { end, onEvent }: CallHooks,
): CallControls {
  return {
    remainingMs: () => limit.remainingMs,
    // Of the call's own limit and the day's, whichever is nearer.
    remainingUsd: () => {
      const { maxCostUsd = Infinity, usage } = record.call;
      return Math.min(maxCostUsd - (usage.costUsd ?? 0), budget.remainingUsd);
    },
    speakByCarrier: (text) => leg.speak(text),
    end: (reason, details) => end(endCall(reason, details)),
    sendDigits: async (digits) => {
      await leg.sendDigits(digits);
      onEvent({ type: 'dtmf.sent', digits });
    },
    transfer: (to) => transfer.start(to),
    cancelTransfer: () => transfer.cancel(),
    report: onEvent,
  };
}
