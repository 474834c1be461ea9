// What calls have cost, in SQL: implements UsageReport.

import { sql } from 'kysely';
import type { UsageQuery, UsageReport, UsageRow } from '../calls/record-ports';
import { nextTurn } from './next-turn';
import type { Database } from './tables';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const TALK_MS = sql<number>`sum(case when answered_at_ms is not null and ended_at_ms is not null
  then ended_at_ms - answered_at_ms else 0 end)`;

/** Sums over `calls` and `cost_items`. */
export class SqlUsageReport implements UsageReport {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Day by day: all calls of a year at once would hold up an embedded database, and take too long for one on the network. */
  async usage({ sinceMs, untilMs, to }: UsageQuery): Promise<readonly UsageRow[]> {
    const rows: UsageRow[] = [];
    let fromMs = await this.#firstCallAtMs({ sinceMs, untilMs, to });
    while (fromMs !== undefined) {
      const endMs = Math.min(untilMs, startOfDay(fromMs) + DAY_MS);
      rows.push(...(await this.#usageOfDay({ sinceMs: fromMs, untilMs: endMs, to })));
      await nextTurn();
      fromMs = await this.#firstCallAtMs({ sinceMs: endMs, untilMs, to });
    }
    return rows;
  }

  /** Hour by hour, for the same reason. */
  async costSince(sinceMs: number): Promise<number> {
    let costUsd = 0;
    let fromMs = await this.#firstItemAtMs(sinceMs);
    while (fromMs !== undefined) {
      const endMs = fromMs + HOUR_MS;
      costUsd += await this.#costBetween(fromMs, endMs);
      await nextTurn();
      fromMs = await this.#firstItemAtMs(endMs);
    }
    return costUsd;
  }

  async #firstItemAtMs(sinceMs: number): Promise<number | undefined> {
    const row = await this.#database
      .selectFrom('cost_items')
      .select((of) => of.fn.min('at_ms').as('first'))
      .where('at_ms', '>=', sinceMs)
      .executeTakeFirst();
    return row?.first ?? undefined;
  }

  async #costBetween(sinceMs: number, untilMs: number): Promise<number> {
    const row = await this.#database
      .selectFrom('cost_items')
      .select(sql<number>`coalesce(sum(amount_usd), 0)`.as('cost'))
      .where('at_ms', '>=', sinceMs)
      .where('at_ms', '<', untilMs)
      .executeTakeFirst();
    return row?.cost ?? 0;
  }

  async #firstCallAtMs({ sinceMs, untilMs, to }: UsageQuery): Promise<number | undefined> {
    let select = this.#database
      .selectFrom('calls')
      .select((of) => of.fn.min('created_at_ms').as('first'))
      .where('created_at_ms', '>=', sinceMs)
      .where('created_at_ms', '<', untilMs);
    if (to !== undefined) select = select.where('to_number', '=', to);
    const row = await select.executeTakeFirst();
    return row?.first ?? undefined;
  }

  async #usageOfDay({ sinceMs, untilMs, to }: UsageQuery): Promise<readonly UsageRow[]> {
    let select = this.#database
      .selectFrom('calls')
      .select([
        'to_number',
        sql<number>`count(*)`.as('calls'),
        sql<number>`count(answered_at_ms)`.as('answered'),
        sql<number>`sum(case when status = 'failed' then 1 else 0 end)`.as('failed'),
        TALK_MS.as('talk_ms'),
        sql<number>`sum(input_tokens)`.as('input_tokens'),
        sql<number>`sum(output_tokens)`.as('output_tokens'),
        sql<number>`sum(coalesce(cost_usd, 0))`.as('ai_cost_usd'),
        sql<number>`sum(coalesce(carrier_cost_usd, 0))`.as('carrier_cost_usd'),
        sql<number>`sum(case when cost_usd is null then 1 else 0 end)`.as('unpriced_calls'),
      ])
      .where('created_at_ms', '>=', sinceMs)
      .where('created_at_ms', '<', untilMs);
    if (to !== undefined) select = select.where('to_number', '=', to);
    const rows = await select.groupBy('to_number').orderBy('to_number').execute();
    const day = new Date(sinceMs).toISOString().slice(0, 'yyyy-mm-dd'.length);
    return rows.map((row) => ({
      day,
      to: row.to_number,
      calls: row.calls,
      answered: row.answered,
      failed: row.failed,
      talkSeconds: row.talk_ms / 1000,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      aiCostUsd: row.ai_cost_usd,
      carrierCostUsd: row.carrier_cost_usd,
      unpricedCalls: row.unpriced_calls,
    }));
  }
}

function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}
