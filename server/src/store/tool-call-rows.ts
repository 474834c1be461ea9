// Between the uses of tools and the table `tool_calls`.

import type { EntryData } from './entry-rows';
import { hasText, packed, unpacked } from './row-fields';
import type { EntryPlace, ToolCallRow } from './tables';

/** A row without its place. */
export type ToolCallContent = Omit<ToolCallRow, keyof EntryPlace>;

/** The row of `tool.finished`; undefined when the data are not those of a tool. */
export function toolCallContent(data: EntryData): ToolCallContent | undefined {
  const { toolCallId, name, argumentsJson, outcome, output, durationMs, ...around } = data;
  if (!hasText(toolCallId) || !hasText(name) || !hasText(argumentsJson)) return undefined;
  if (!hasText(outcome) || !hasText(output)) return undefined;
  if (typeof durationMs !== 'number' || !Number.isFinite(durationMs)) return undefined;
  return {
    tool_call_id: toolCallId,
    name,
    arguments_json: argumentsJson,
    outcome,
    output,
    duration_ms: durationMs,
    extra: packed({ around }),
  };
}

/** The data of the entry that the row was made of. */
export function toolCallData(row: ToolCallContent): EntryData {
  return {
    toolCallId: row.tool_call_id,
    name: row.name,
    argumentsJson: row.arguments_json,
    outcome: row.outcome,
    output: row.output,
    durationMs: row.duration_ms,
    ...unpacked(row.extra).around,
  };
}
