// What is left to do when a call has its verdict: the last sentence, every leg down, words and audio complete, and the
// record final. It always comes to its end.

import type { CallRecording } from './call';
import type { CallRecord } from './call-record';
import type { CarrierLeg } from './carrier-leg';
import type { EndCall } from './end-call';
import type { LastWords } from './last-words';
import type { Clock, Logger } from './ports';
import type { RecordingFiles } from './record-ports';
import type { StrayLegs } from './stray-legs';
import type { Talk } from './talk';
import { firstWithin } from './wait';

// The last transcripts come within three seconds or not at all.
const WORDS_LIMIT_MS = 10_000;

/** The parts of a call that have to come to their end. */
export type ClosingParts = {
  readonly record: CallRecord;
  readonly leg: CarrierLeg;
  /** The other party of a transfer is among them by now. */
  readonly strays: StrayLegs;
  readonly talk: Talk;
  readonly lastWords: LastWords;
  readonly recordings?: Pick<RecordingFiles, 'finish'> | undefined;
  readonly onLegDown: (callId: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
};

/** Closes what is open. `lastWordsMs`: how long the carrier's voice may speak before; 0 for not at all. */
export async function closeCall(parts: ClosingParts, lastWordsMs: number): Promise<void> {
  const { record, leg, strays, lastWords } = parts;
  const { callId } = record.call;
  if (lastWordsMs > 0) await lastWords.say(lastWordsMs);
  const [recording] = await Promise.all([completed(parts), takeLegsDown(parts)]);
  // One that got its name while the audio was completed.
  await takeLegsDown(parts);
  const mayHaveLeg = leg.isUp || strays.areUp;
  record.change({ carrierCallId: leg.carrierCallId, mayHaveLeg, recording });
  record.note(mayHaveLeg ? 'leg.abandoned' : 'leg.down');
  if (mayHaveLeg) void whenLegsDown(parts).then(() => parts.onLegDown(callId));
}

/** A call that fails under the callee does not just go dead, unless somebody has said goodbye or nobody may wait. */
export function needsLastWords({ status, details }: EndCall): boolean {
  return status === 'failed' && details['saidGoodbye'] !== true && details['isAtOnce'] !== true;
}

/** The words and the audio of the call. */
async function completed({ record, talk, recordings, clock, log }: ClosingParts): Promise<CallRecording | undefined> {
  const { callId } = record.call;
  try {
    await firstWithin(clock, WORDS_LIMIT_MS, [talk.whenSettled(callId)]);
    return await recordings?.finish(callId);
  } catch (error) {
    log.error('Completing the audio of a call failed', { callId, error });
    return undefined;
  }
}

async function takeLegsDown({ leg, strays }: ClosingParts): Promise<void> {
  await Promise.all([leg.takeDown(), strays.whenTakenDown()]);
}

async function whenLegsDown({ leg, strays }: ClosingParts): Promise<void> {
  if (leg.isUp) await leg.whenDown();
  await strays.whenDown();
}
