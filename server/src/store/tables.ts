// The tables and their rows, as Kysely sees them. Times are epoch milliseconds, amounts US dollars.

import type { Generated, Kysely } from 'kysely';

/** One row of `calls`. `behaviour`, `metadata`, `usage`, `verdict` and `recording` are JSON. */
export type CallRow = {
  readonly call_id: string;
  readonly status: string;
  readonly to_number: string;
  readonly from_number: string;
  readonly instructions: string;
  readonly voice: string;
  readonly greeting: string | null;
  readonly max_duration_seconds: number;
  /** What differs from DEFAULT_BEHAVIOUR, or all of it. */
  readonly behaviour: string;
  readonly metadata: string;
  readonly status_callback_url: string | null;
  readonly carrier_call_id: string | null;
  readonly created_at_ms: number;
  readonly initiated_at_ms: number | null;
  readonly ringing_at_ms: number | null;
  readonly answered_at_ms: number | null;
  readonly ended_at_ms: number | null;
  readonly usage: string;
  /** The part of `usage` that reports sum up. */
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cost_usd: number | null;
  readonly carrier_cost_usd: number | null;
  readonly max_cost_usd: number | null;
  /** 0 or 1, as SQLite has no other truth. */
  readonly is_recorded: number;
  readonly may_have_leg: number;
  /** Name of the API key. */
  readonly placed_by: string | null;
  readonly recording: string | null;
  readonly end_reason: string | null;
  readonly verdict: string | null;
  readonly idempotency_key: string | null;
  readonly request_fingerprint: string | null;
  /** Whose call it is; null when it is nobody's. */
  readonly owner_node: string | null;
  /** Of the timeline, over all the tables that hold parts of it. */
  readonly last_sequence: Generated<number>;
  readonly last_callback_number: Generated<number>;
  /** When its words were deleted. */
  readonly purged_at_ms: number | null;
};

/** What every row of a timeline begins with. */
export type EntryPlace = {
  readonly call_id: string;
  /** 1, 2, 3 … within the call, each in exactly one of the tables. */
  readonly sequence: number;
  readonly at_ms: number;
};

/** One row of `call_events`: every entry that has no table of its own. `data` is JSON. */
export type CallEventRow = EntryPlace & {
  readonly type: string;
  readonly data: string;
};

/** One row of `turns`. */
export type TurnRow = EntryPlace & {
  readonly speaker: string;
  readonly text: string;
  readonly started_at_ms: number;
  readonly is_interrupted: number;
  readonly heard_ms: number | null;
  readonly audio_ms: number | null;
  /** What else was noted, as JSON. */
  readonly extra: string | null;
};

/** One row of `tool_calls`. */
export type ToolCallRow = EntryPlace & {
  readonly tool_call_id: string;
  readonly name: string;
  readonly arguments_json: string;
  readonly outcome: string;
  readonly output: string;
  readonly duration_ms: number;
  /** What else was noted, as JSON. */
  readonly extra: string | null;
};

/** One row of `cost_items`: one priced line. Those of one charge share its sequence. */
export type CostItemRow = EntryPlace & {
  /** 0, 1, 2 … within the charge. */
  readonly item: number;
  readonly source: string;
  readonly reference: string;
  readonly model: string;
  readonly prices_as_of: string | null;
  readonly kind: string;
  readonly quantity: number;
  readonly unit: string;
  readonly unit_price_usd: number | null;
  readonly amount_usd: number | null;
  /** What else was noted, as JSON; with the first item only. */
  readonly extra: string | null;
};

/** What has become of a callback. */
export type CallbackState = 'waiting' | 'delivered' | 'given-up';

/** One row of `callbacks`: a request to a user's endpoint. */
export type CallbackRow = {
  readonly callback_id: string;
  readonly call_id: string;
  /** 1, 2, 3 … within the call: the order of delivery. */
  readonly number: number;
  readonly url: string;
  readonly body: string;
  readonly created_at_ms: number;
  readonly state: CallbackState;
  readonly attempts: number;
  readonly due_at_ms: number;
  /** Until when it is somebody's to deliver; null when nobody is at it. */
  readonly claimed_until_ms: number | null;
  readonly settled_at_ms: number | null;
};

/** One row of `dials`. */
export type DialRow = {
  readonly dial_id: string;
  /** Or a SIP URI. */
  readonly to_number: string;
  /** Name of the API key. */
  readonly placed_by: string | null;
  readonly at_ms: number;
};

/** One row of `nodes`. */
export type NodeRow = {
  readonly node_id: string;
  readonly alive_until_ms: number;
};

/** The tables by name. */
export type Tables = {
  readonly calls: CallRow;
  readonly call_events: CallEventRow;
  readonly turns: TurnRow;
  readonly tool_calls: ToolCallRow;
  readonly cost_items: CostItemRow;
  readonly callbacks: CallbackRow;
  readonly dials: DialRow;
  readonly nodes: NodeRow;
};

/** A connection to the records, or a transaction on one. */
export type Database = Kysely<Tables>;
