// The end of personal data, in SQL: implements Retention.

import type { ConversationEvent } from '../calls/conversation-events';
import type { Clock } from '../calls/ports';
import type { Retention } from '../calls/record-ports';
import { nextTurn } from './next-turn';
import type { Database, Tables } from './tables';

/** Whether an event tells words, numbers or keys of people. A new kind of event has to say which it is. */
const IS_PERSONAL: Readonly<Record<ConversationEvent['type'], boolean>> = {
  'ai.ready': false,
  'ai.lost': false,
  'ai.resumed': false,
  'ai.handed-over': false,
  'assistant.interrupted': false,
  'callee.held-off': false,
  'conversation.failed': false,
  'cost.ending': false,
  'dtmf.received': true,
  'dtmf.sent': true,
  'filler.spoken': false,
  'goodbye.canceled': false,
  'greeting.started': false,
  'instructions.changed': true,
  'machine.detected': false,
  'machine.greeting-ended': false,
  'media.measured': false,
  'reply.started': false,
  'say.finished': false,
  'silence.noticed': false,
  'stream.lost': false,
  'stream.started': false,
  'stream.stopped': false,
  'time.ending': false,
  // Those that have a table of their own are among the events of older calls.
  'tool.finished': true,
  'transfer.bridged': true,
  'transfer.failed': true,
  'transfer.started': true,
  'turn.finished': true,
  'usage.added': false,
  'voicemail.finished': false,
};

const PERSONAL_TYPES = Object.entries(IS_PERSONAL).flatMap(([type, isPersonal]) => (isPersonal ? [type] : []));

const NO_WORDS = {
  instructions: '',
  greeting: null,
  metadata: '{}',
  behaviour: '{}',
  status_callback_url: null,
  recording: null,
} as const satisfies Partial<Tables['calls']>;

/** Deletes the words of calls, keeps their figures. */
export class SqlRetention implements Retention {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #afterwards: () => Promise<void>;

  /** `afterwards`: what an engine has to do for what was deleted to be gone. */
  constructor(database: Database, clock: Clock, afterwards = async (): Promise<void> => {}) {
    this.#database = database;
    this.#clock = clock;
    this.#afterwards = afterwards;
  }

  async expired(endedBeforeMs: number, limit: number): Promise<readonly string[]> {
    const rows = await this.#database
      .selectFrom('calls')
      .select('call_id')
      .where('ended_at_ms', '<', endedBeforeMs)
      .where('purged_at_ms', 'is', null)
      .orderBy('ended_at_ms')
      .limit(limit)
      .execute();
    return rows.map(({ call_id }) => call_id);
  }

  /** Call by call: many at once would hold up an embedded database, and take too long for one on the network. */
  async purge(callIds: readonly string[]): Promise<void> {
    for (const callId of callIds) await this.#purgeCall(callId);
    // With no calls, too: a reader may have been in the way the last time, or a kill.
    await this.#afterwards();
  }

  async #purgeCall(callId: string): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await transaction
        .updateTable('calls')
        .set({ ...NO_WORDS, purged_at_ms: this.#clock.nowMs() })
        .where('call_id', '=', callId)
        .execute();
      await nextTurn();
      await transaction.deleteFrom('turns').where('call_id', '=', callId).execute();
      await nextTurn();
      await transaction.deleteFrom('tool_calls').where('call_id', '=', callId).execute();
      await transaction.deleteFrom('callbacks').where('call_id', '=', callId).execute();
      await nextTurn();
      await transaction
        .deleteFrom('call_events')
        .where('call_id', '=', callId)
        .where('type', 'in', PERSONAL_TYPES)
        .execute();
    });
  }
}
