// What else is known of a call: its budget, its recording, what the carrier charged, which node it belongs to.

import { type Kysely, type Migration, sql } from 'kysely';

// Enough for one statement's worth of rows in memory.
const PAGE = 500;

type UsedTokens = {
  readonly inputTextTokens: number;
  readonly inputAudioTokens: number;
  readonly outputTextTokens: number;
  readonly outputAudioTokens: number;
};

type CallsBefore = {
  readonly calls: {
    readonly call_id: string;
    readonly usage: string;
    readonly input_tokens: number;
    readonly output_tokens: number;
  };
};

/** Completes `calls`; what older calls did not know is what it was for all of them. */
export const completeCalls: Migration = {
  async up(database: Kysely<CallsBefore>): Promise<void> {
    await addColumns(database);
    await sql`update calls set last_sequence = coalesce(
      (select max(sequence) from call_events where call_events.call_id = calls.call_id), 0)`.execute(database);
    await sql`update calls set may_have_leg = 1
      where status in ('queued', 'initiated', 'ringing', 'in-progress')`.execute(database);
    await addTokens(database);
    await database.schema.createIndex('calls_by_status').on('calls').columns(['status', 'created_at_ms']).execute();
    await database.schema.createIndex('calls_by_end').on('calls').columns(['ended_at_ms']).execute();
    await database.schema
      .createIndex('calls_with_leg')
      .on('calls')
      .columns(['owner_node'])
      .where(sql.ref('may_have_leg'), '=', sql.lit(1))
      .execute();
  },

  async down(database: Kysely<unknown>): Promise<void> {
    for (const index of ['calls_by_status', 'calls_by_end', 'calls_with_leg']) {
      await database.schema.dropIndex(index).execute();
    }
    for (const [name] of [...COUNTS, ...OPTIONALS]) {
      await database.schema.alterTable('calls').dropColumn(name).execute();
    }
  },
};

const COUNTS = [
  ['is_recorded'],
  ['may_have_leg'],
  ['input_tokens'],
  ['output_tokens'],
  ['last_sequence'],
  ['last_callback_number'],
] as const;

const OPTIONALS = [
  ['max_cost_usd', 'double precision'],
  ['carrier_cost_usd', 'double precision'],
  ['recording', 'text'],
  ['owner_node', 'text'],
  ['purged_at_ms', 'bigint'],
] as const;

/** One statement each: SQLite adds no two columns at once. */
async function addColumns(database: Kysely<CallsBefore>): Promise<void> {
  for (const [name] of COUNTS) {
    await database.schema
      .alterTable('calls')
      .addColumn(name, 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  }
  for (const [name, type] of OPTIONALS) {
    await database.schema.alterTable('calls').addColumn(name, type).execute();
  }
}

/** Reads the usage of the calls there are, page by page: the engines have no JSON in common. */
async function addTokens(database: Kysely<CallsBefore>): Promise<void> {
  let after = '';
  for (;;) {
    const rows = await database
      .selectFrom('calls')
      .select(['call_id', 'usage'])
      .where('call_id', '>', after)
      .orderBy('call_id')
      .limit(PAGE)
      .execute();
    for (const row of rows) await addTokensOf(database, row);
    const last = rows.at(-1);
    if (!last) return;
    after = last.call_id;
  }
}

async function addTokensOf(
  database: Kysely<CallsBefore>,
  { call_id, usage }: { readonly call_id: string; readonly usage: string },
): Promise<void> {
  const used = JSON.parse(usage) as UsedTokens;
  const tokens = {
    input_tokens: used.inputTextTokens + used.inputAudioTokens,
    output_tokens: used.outputTextTokens + used.outputAudioTokens,
  };
  if (tokens.input_tokens + tokens.output_tokens === 0) return;
  await database.updateTable('calls').set(tokens).where('call_id', '=', call_id).execute();
}
