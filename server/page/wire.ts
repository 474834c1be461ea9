// What the API answers with, as far as the page shows it. Plain data; see docs/api.md for what it means.

/** Who is heard at this moment. */
export type Talking = 'callee' | 'assistant' | 'both' | 'nobody';

/** Where a call has got to. */
export type CallStatus =
  'queued' | 'initiated' | 'ringing' | 'in-progress' | 'completed' | 'busy' | 'failed' | 'no-answer' | 'canceled';

/** A call that goes on. */
export type LiveCall = {
  readonly callId: string;
  readonly status: CallStatus;
  readonly to: string;
  readonly from: string;
  readonly talking: Talking;
  readonly startedAt: string;
  readonly answeredAt: string | null;
  readonly costUsd: number | null;
  readonly lastReplyMs: number | null;
  readonly placedBy: string | null;
  readonly metadata: Readonly<Record<string, string>>;
};

/** All calls that go on, and when that was so by the server's clock. */
export type LiveSnapshot = { readonly at: string; readonly calls: readonly LiveCall[] };

/** A call in a list of earlier ones. */
export type PastCall = {
  readonly callId: string;
  readonly status: CallStatus;
  readonly to: string;
  readonly from: string;
  readonly createdAt: string;
  readonly answeredAt: string | null;
  readonly endedAt: string | null;
  readonly durationSeconds: number | null;
  /** Reason of the verdict; null when there is none. */
  readonly endReason: string | null;
  readonly metadata: Readonly<Record<string, string>>;
};

/** One page of earlier calls. */
export type PastPage = { readonly calls: readonly PastCall[]; readonly nextCursor: string | null };

/** Something that one party said. */
export type Turn = {
  readonly speaker: 'callee' | 'assistant';
  readonly text: string;
  readonly startedAt: string;
  readonly isInterrupted: boolean;
  readonly heardMs?: number;
  readonly audioMs?: number;
};

/** One entry of a call's timeline. */
export type CallEvent = { readonly id: number; readonly at: string; readonly type: string } & Readonly<
  Record<string, unknown>
>;

/** Everything about a call. */
export type CallDetails = PastCall & {
  readonly placedBy: string | null;
  readonly voice: string;
  readonly instructions: string;
  readonly verdict: { readonly message: string; readonly details: Readonly<Record<string, unknown>> } | null;
  readonly cost: {
    readonly totalUsd: number | null;
    readonly aiUsd: number | null;
    readonly carrierUsd: number | null;
  };
  readonly latency: {
    readonly turns: number;
    readonly medianMs: number | null;
    readonly p95Ms: number | null;
    readonly greetingMs: number | null;
  };
  readonly recording: {
    readonly state: 'ready' | 'failed';
    readonly durationMs: number;
    readonly bytes: number;
    readonly url: string | null;
  } | null;
};

/** Whether new calls can be placed. */
export type Readiness = {
  readonly status: 'ready' | 'not-ready';
  readonly checks: readonly { readonly name: string; readonly status: 'ok' | 'failing'; readonly reason?: string }[];
};

/** What GET /ready says; undefined when what answers is somebody else, as a proxy without a server behind it. */
export function readinessOf(answer: unknown): Readiness | undefined {
  const isReadiness =
    typeof answer === 'object' && answer !== null && 'checks' in answer && Array.isArray(answer.checks);
  return isReadiness ? (answer as Readiness) : undefined;
}

/** True when nothing more can happen in a call of this status. */
export function isOver(status: CallStatus): boolean {
  return !['queued', 'initiated', 'ringing', 'in-progress'].includes(status);
}
