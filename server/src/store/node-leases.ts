// Which node a call belongs to, in SQL: implements NodeLeases.

import { type RawBuilder, sql } from 'kysely';
import type { Call } from '../calls/call';
import { LIVE_STATUSES } from '../calls/call-state';
import type { NodeLeases } from '../calls/record-ports';
import { fromRow } from './call-row';
import type { Database } from './tables';

/** Who asks, and whether other nodes can use this database at all. */
export type NodeLeasesOptions = {
  /** Another one with every start: what a node of an earlier start has left behind is an orphan. */
  readonly nodeId: string;
  readonly isShared: boolean;
};

/** Calls that are not over, or with a leg that may still be up; apart, as each has an index of its own. */
const IS_UNFINISHED = sql<boolean>`call_id in (
  select call_id from calls where status in (${sql.join(LIVE_STATUSES.map((status) => sql.lit(status)))})
  union all select call_id from calls where may_have_leg = 1)`;

/** The table `nodes`, and the owners in `calls`. */
export class SqlNodeLeases implements NodeLeases {
  readonly #database: Database;
  readonly #nodeId: string;
  readonly #isShared: boolean;

  constructor(database: Database, { nodeId, isShared }: NodeLeasesOptions) {
    this.#database = database;
    this.#nodeId = nodeId;
    this.#isShared = isShared;
  }

  async beat(aliveUntilMs: number): Promise<void> {
    await this.#database
      .insertInto('nodes')
      .values({ node_id: this.#nodeId, alive_until_ms: aliveUntilMs })
      .onConflict((conflict) => conflict.column('node_id').doUpdateSet({ alive_until_ms: aliveUntilMs }))
      .execute();
  }

  async leave(): Promise<void> {
    await this.#database.deleteFrom('nodes').where('node_id', '=', this.#nodeId).execute();
  }

  async claimOrphans(nowMs: number): Promise<readonly Call[]> {
    const gone = await this.#goneOwners(nowMs);
    // Each start has a name of its own. One that beats again after all is back with that.
    await this.#database.deleteFrom('nodes').where('alive_until_ms', '<', nowMs).execute();
    if (gone.length === 0) return [];
    const named = gone.filter((owner) => owner !== null);
    // By the owners' names: when another node was faster, the row has another owner by the time it is ours to lock.
    const rows = await this.#database
      .updateTable('calls')
      .set({ owner_node: this.#nodeId })
      .where(IS_UNFINISHED)
      .where((of) =>
        of.or([
          ...(named.length > 0 ? [of('owner_node', 'in', named)] : []),
          ...(named.length < gone.length ? [of('owner_node', 'is', null)] : []),
        ]),
      )
      .returningAll()
      .execute();
    return rows.map(fromRow);
  }

  /** The owners of unfinished calls who are there no more; null for calls that belong to nobody. */
  async #goneOwners(nowMs: number): Promise<readonly (string | null)[]> {
    const rows = await this.#database
      .selectFrom('calls')
      .select('owner_node')
      .distinct()
      .where(IS_UNFINISHED)
      .where(this.#isGone(nowMs))
      .execute();
    return rows.map(({ owner_node }) => owner_node);
  }

  #isGone(nowMs: number): RawBuilder<boolean> {
    const isNobodys = sql<boolean>`owner_node is null`;
    if (!this.#isShared) return sql`(${isNobodys} or owner_node <> ${this.#nodeId})`;
    return sql`(${isNobodys} or (owner_node <> ${this.#nodeId} and not exists (
      select 1 from nodes where nodes.node_id = calls.owner_node and nodes.alive_until_ms >= ${nowMs})))`;
  }
}
