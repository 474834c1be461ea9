// Between the entries of a timeline and the rows of the four tables that hold them, each entry in exactly one.

import type { StoredEntry, TimelineEntry } from '../calls/record-ports';
import { costContents, costData } from './cost-rows';
import type { CallEventRow, CostItemRow, EntryPlace, TurnRow, ToolCallRow } from './tables';
import { storableRow } from './text';
import { toolCallContent, toolCallData } from './tool-call-rows';
import { turnContent, turnData } from './turn-rows';

/** What belongs to an entry. */
export type EntryData = TimelineEntry['data'];

/** The rows of some entries, by table. */
export type EntryRows = {
  readonly call_events: CallEventRow[];
  readonly turns: TurnRow[];
  readonly tool_calls: ToolCallRow[];
  readonly cost_items: CostItemRow[];
};

/** An entry that only lacks its number: adds its rows to `rows`. */
export type EncodedEntry = (rows: EntryRows, sequence: number) => unknown;

/** No rows yet. */
export function noRows(): EntryRows {
  return { call_events: [], turns: [], tool_calls: [], cost_items: [] };
}

/** Prepares an entry for its table. What does not look as it should is kept as an event like any other. */
export function encoded({ callId, atMs, type, data }: TimelineEntry): EncodedEntry {
  const place = (sequence: number): EntryPlace => ({ call_id: callId, sequence, at_ms: atMs });
  const turn = type === 'turn.finished' ? turnContent(data) : undefined;
  if (turn) return (rows, sequence) => rows.turns.push(storableRow({ ...place(sequence), ...turn }));
  const tool = type === 'tool.finished' ? toolCallContent(data) : undefined;
  if (tool) return (rows, sequence) => rows.tool_calls.push(storableRow({ ...place(sequence), ...tool }));
  const costs = type === 'usage.added' ? costContents(data) : [];
  if (costs.length > 0)
    return (rows, sequence) =>
      rows.cost_items.push(...costs.map((cost) => storableRow({ ...place(sequence), ...cost })));
  const event = { type, data: JSON.stringify(data) };
  return (rows, sequence) => rows.call_events.push(storableRow({ ...place(sequence), ...event }));
}

/** The entries of rows of one call, in their order. */
export function decoded({ call_events, turns, tool_calls, cost_items }: EntryRows): readonly StoredEntry[] {
  const entries = [
    ...call_events.map((row) => entryOf(row, row.type, JSON.parse(row.data) as EntryData)),
    ...turns.map((row) => entryOf(row, 'turn.finished', turnData(row))),
    ...tool_calls.map((row) => entryOf(row, 'tool.finished', toolCallData(row))),
    ...charges(cost_items).map((rows) => entryOf(rows[0], 'usage.added', costData(rows))),
  ];
  return entries.sort((a, b) => a.sequence - b.sequence);
}

function entryOf({ call_id, sequence, at_ms }: EntryPlace, type: string, data: EntryData): StoredEntry {
  return { callId: call_id, sequence, atMs: at_ms, type, data };
}

/** The rows of each charge together, in the order of its items. */
function charges(rows: readonly CostItemRow[]): readonly (readonly [CostItemRow, ...CostItemRow[]])[] {
  const bySequence = new Map<number, [CostItemRow, ...CostItemRow[]]>();
  for (const row of [...rows].sort((a, b) => a.item - b.item)) {
    const charge = bySequence.get(row.sequence);
    if (charge) charge.push(row);
    else bySequence.set(row.sequence, [row]);
  }
  return [...bySequence.values()];
}
