/** What stays the same about one response from `response.created` to `response.done`, and these two events. */
import type { ResponseParams } from './client-event-schemas';
import type { Conversation } from './conversation';
import type { ResponseEnd, ResponseRun } from './response-run';
import type { Requester } from './script-reader';
import type { SessionConfig } from './session-config';
import { countContext, type ContextCount } from './usage';
import type { WireEvent } from './wire-events';

/** A response as tests see it: who asked for it, and what became of it. */
export type ResponseRecord = {
  readonly id: string;
  readonly requestedBy: Requester;
  /** The instructions of this response alone, when it has any. */
  readonly instructions?: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly status: 'in_progress' | ResponseEnd['status'];
};

/** The settings of a response that its events repeat. */
export type ResponseFacts = {
  readonly context: ContextCount;
  readonly onWire: Readonly<Record<string, unknown>>;
};

/** Collects the facts of a response that is about to begin. */
export function factsOf(
  run: ResponseRun,
  params: ResponseParams,
  session: { readonly config: SessionConfig; readonly conversation: Conversation },
): ResponseFacts {
  const { config, conversation } = session;
  const { format, voice } = config.audio.output;
  const ownInput =
    params.input === undefined ? undefined : { text: JSON.stringify(params.input).length >> 2, audio: 0 };
  return {
    context: countContext(config, ownInput ?? conversation.tokens(), params.instructions),
    onWire: {
      object: 'realtime.response',
      id: run.id,
      conversation_id: run.isInConversation ? conversation.id : null,
      output_modalities: params.output_modalities ?? config.output_modalities,
      max_output_tokens: params.max_output_tokens ?? config.max_output_tokens,
      audio: { output: { format, voice, ...params.audio?.output } },
      metadata: params.metadata ?? null,
    },
  };
}

/** Makes `response.created`. */
export function createdEvent({ onWire }: ResponseFacts): WireEvent {
  const inProgress = { status: 'in_progress', status_details: null, output: [], usage: null };
  return { type: 'response.created', response: { ...onWire, ...inProgress } };
}

/** What `response.done` is made of. */
export type DoneParts = {
  readonly facts: ResponseFacts;
  readonly run: ResponseRun;
  readonly end: ResponseEnd;
  readonly usage: Readonly<Record<string, unknown>>;
};

/** Makes `response.done`. */
export function doneEvent({ facts, run, end, usage }: DoneParts): WireEvent {
  const output = run.outputOnWire();
  const details = {
    status: end.status,
    status_details: end.status === 'completed' ? null : detailsOf(end),
    output,
    // A response that failed before it said anything costs nothing.
    usage: end.status === 'failed' && output.length === 0 ? null : usage,
  };
  return { type: 'response.done', response: { ...facts.onWire, ...details } };
}

function detailsOf({ status, ...rest }: Exclude<ResponseEnd, { status: 'completed' }>): object {
  return { type: status, ...rest };
}
