// The spans of one call. A step that has a beginning of its own is open until its end is told; what is told with its
// duration (a reply, the use of a tool) is made afterwards, with the times that it had.

import { type Attributes, context, type Context, trace } from '@opentelemetry/api';
import { type Span, SpanKind, type SpanOptions, SpanStatusCode } from '@opentelemetry/api';
import type { Call } from '../calls/call';
import type { TimelineEntry } from '../calls/record-ports';

const TRACER = 'ai-calls';

const PROVIDER = 'openai';

/** Whose doing an end was, when it counts as an error. */
const FAULTS: ReadonlySet<string> = new Set(['carrier-error', 'ai-error', 'server-error']);

// Users name their tools, and the AI service numbers their uses; what the model made up may be anything.
const TOOL_WORD = /^[\w-]{1,64}$/;

type Data = TimelineEntry['data'];

/** Steps that are open for a while. */
type Step = 'dial' | 'ring' | 'conversation' | 'ai outage' | 'transfer' | 'hang up';

// The call is what the server was asked for, and what it asks of others for that is another's work.
const ROOT_KIND = SpanKind.SERVER;
const CLIENT_STEPS: ReadonlySet<string> = new Set(['dial', 'transfer', 'hang up', 'conversation', 'ai connect']);

/** One step that was told when it was over. */
type PastSpan = {
  readonly name: string;
  readonly endMs: number;
  readonly durationMs: unknown;
  readonly attributes: Attributes;
};

/** The trace of a call. */
export class CallTrace {
  readonly #root: Span;
  readonly #context: Context;
  readonly #steps = new Map<Step, Span>();
  /** Who talks, in the words of the conventions. */
  readonly #ai: Attributes;

  private constructor(root: Span, parent: Context, ai: Attributes) {
    this.#root = root;
    this.#ai = ai;
    this.#context = trace.setSpan(parent, root);
  }

  /** Begins a trace, or goes on with that of the request; undefined when nobody records it. */
  static begin({ callId, atMs }: TimelineEntry, model: string): CallTrace | undefined {
    const parent = context.active();
    const ai = { 'gen_ai.provider.name': PROVIDER, 'gen_ai.request.model': model };
    const attributes = { 'ai_calls.call.id': callId, ...ai };
    const root = trace.getTracer(TRACER).startSpan('call', { kind: ROOT_KIND, startTime: atMs, attributes }, parent);
    if (!root.isRecording()) return undefined;
    const begun = new CallTrace(root, parent, ai);
    begun.#open('dial', atMs);
    return begun;
  }

  /** Takes whatever happens between the beginning and the end. */
  add({ type, atMs, data }: TimelineEntry): void {
    switch (type) {
      case 'call.initiated':
        return this.#finish('dial', atMs);
      case 'call.ringing':
        this.#finish('dial', atMs);
        return this.#open('ring', atMs);
      case 'call.in-progress':
        this.#finish('dial', atMs);
        return this.#finish('ring', atMs);
      case 'stream.started':
        return this.#open('conversation', atMs, { ...this.#ai, 'gen_ai.operation.name': 'chat' });
      case 'ai.lost':
        return this.#open('ai outage', atMs, { 'error.type': text(data['reason']) });
      case 'ai.resumed':
        return this.#finish('ai outage', atMs);
      case 'usage.added':
        // The end has the sum.
        return;
      case 'transfer.started':
        return this.#open('transfer', atMs);
      case 'transfer.bridged':
        return this.#finish('transfer', atMs);
      case 'transfer.failed':
        return this.#finish('transfer', atMs, 'transfer.failed');
      default:
        return this.#addPast(type, atMs, data);
    }
  }

  /** The call has its verdict; its leg is still to be hung up. */
  end({ atMs }: TimelineEntry, call: Call): void {
    for (const step of this.#steps.keys()) this.#finish(step, atMs);
    this.#open('hang up', atMs);
    this.#root.setAttributes({ 'ai_calls.call.status': call.status, ...usageOf(call) });
    const { verdict } = call;
    if (!verdict) return;
    const { reason, result, endedBy } = verdict;
    this.#root.setAttributes({
      'ai_calls.end.reason': reason,
      'ai_calls.end.result': result,
      'ai_calls.end.by': endedBy,
    });
    if (FAULTS.has(result)) fail(this.#root, reason);
  }

  /** Nothing of the call is left. */
  close(atMs: number): void {
    this.#finish('hang up', atMs);
    this.#root.end(atMs);
  }

  #addPast(type: string, endMs: number, data: Data): void {
    const past = pastSpan({ type, atMs: endMs, data }, this.#ai);
    // The kind of an entry is ours; what it holds may be anybody's.
    if (!past) return void this.#parent().addEvent(type, undefined, endMs);
    const { name, durationMs, attributes } = past;
    const startTime = endMs - (typeof durationMs === 'number' && durationMs > 0 ? durationMs : 0);
    const span = this.#start(name, { startTime, attributes });
    const error = attributes['error.type'];
    if (typeof error === 'string') fail(span, error);
    span.end(endMs);
  }

  #open(step: Step, atMs: number, attributes: Attributes = {}): void {
    if (!this.#steps.has(step)) this.#steps.set(step, this.#start(step, { startTime: atMs, attributes }));
  }

  #finish(step: Step, atMs: number, error?: string): void {
    const span = this.#steps.get(step);
    if (!span) return;
    this.#steps.delete(step);
    if (error !== undefined) fail(span, error);
    span.end(atMs);
  }

  #start(name: string, options: Pick<SpanOptions, 'startTime' | 'attributes'>): Span {
    const kind = CLIENT_STEPS.has(name) ? SpanKind.CLIENT : SpanKind.INTERNAL;
    return trace.getTracer(TRACER).startSpan(name, { kind, ...options }, trace.setSpan(this.#context, this.#parent()));
  }

  /** What happens in the conversation belongs to it. */
  #parent(): Span {
    return this.#steps.get('conversation') ?? this.#root;
  }
}

type Past = Pick<TimelineEntry, 'type' | 'atMs' | 'data'>;

function pastSpan({ type, atMs: endMs, data }: Past, ai: Attributes): PastSpan | undefined {
  switch (type) {
    case 'ai.ready':
      return { name: 'ai connect', endMs, durationMs: data['connectMs'], attributes: ai };
    case 'greeting.started':
      return { name: 'greeting', endMs, durationMs: data['afterStreamMs'], attributes: ai };
    case 'reply.started':
      return { name: 'reply', endMs, durationMs: data['latencyMs'], attributes: { ...ai, ...replyAttributes(data) } };
    case 'turn.finished':
      return turnSpan(endMs, data['turn']);
    case 'tool.finished':
      return toolSpan(endMs, data);
    default:
      return undefined;
  }
}

function replyAttributes(data: Data): Attributes {
  return {
    'ai_calls.reply.vad_ms': amount(data['vadMs']),
    'ai_calls.reply.model_ms': amount(data['modelMs']),
    'ai_calls.reply.bridge_ms': amount(data['bridgeMs']),
    'ai_calls.reply.heard_after_ms': amount(data['heardAfterMs']),
  };
}

function turnSpan(endMs: number, turn: unknown): PastSpan | undefined {
  if (typeof turn !== 'object' || turn === null) return undefined;
  const { speaker, startedAtMs, isInterrupted, heardMs } = turn as Data;
  return {
    name: 'turn',
    endMs,
    durationMs: endMs - (amount(startedAtMs) ?? endMs),
    attributes: {
      'ai_calls.turn.speaker': speaker === 'assistant' ? 'assistant' : 'callee',
      'ai_calls.turn.interrupted': isInterrupted === true,
      'ai_calls.turn.heard_ms': amount(heardMs),
    },
  };
}

function toolSpan(endMs: number, data: Data): PastSpan {
  const name = toolWord(data['name']);
  const outcome = text(data['outcome']);
  return {
    name: `execute_tool ${name}`,
    endMs,
    durationMs: data['durationMs'],
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.call.id': toolWord(data['toolCallId']),
      ...(outcome === 'ok' ? {} : { 'error.type': outcome }),
    },
  };
}

function usageOf({ usage }: Call): Attributes {
  return {
    'gen_ai.usage.input_tokens': usage.inputTextTokens + usage.inputAudioTokens,
    'gen_ai.usage.output_tokens': usage.outputTextTokens + usage.outputAudioTokens,
    'ai_calls.cost_usd': usage.costUsd ?? undefined,
  };
}

function fail(span: Span, reason: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
  span.setAttribute('error.type', reason);
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The name of a tool or the id of its use, unless it could be anything else. */
function toolWord(value: unknown): string {
  return typeof value === 'string' && TOOL_WORD.test(value) ? value : 'unknown';
}

/** Words of our own: reasons and outcomes. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown';
}
