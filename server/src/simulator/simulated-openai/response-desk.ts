/** The responses of one session: at most one that writes to the conversation, any number beside it. */
import type { AiTurn } from './ai-script';
import type { ResponseParams } from './client-event-schemas';
import { ClientMistake } from './client-mistake';
import { notFound, type Conversation } from './conversation';
import { planResponse } from './response-plan';
import { ResponseRun, type ResponseEnd } from './response-run';
import { refuseReasoningOn, refuseVoiceChange, type SessionConfig } from './session-config';
import type { SpeechSource } from './speech-source';
import { countContext, rateLimits, responseUsage, type ContextCount } from './usage';
import type { Emit, IdSource, WireEvent } from './wire-events';

/** What the desk needs of its session. */
export type DeskOptions = {
  readonly conversation: Conversation;
  readonly ids: IdSource;
  readonly emit: Emit;
  readonly source: SpeechSource;
  readonly config: () => SessionConfig;
  /** The script's next turn. */
  readonly nextTurn: () => AiTurn;
  /** Told when a response begins. */
  readonly onCreated: () => void;
  /** Told when a response has ended and `response.done` is sent. */
  readonly onDone: (run: ResponseRun, end: ResponseEnd) => void;
};

/** The settings of a response that its events repeat. */
type ResponseFacts = {
  readonly context: ContextCount;
  readonly onWire: Record<string, unknown>;
};

/** Creates, cancels and closes responses. */
export class ResponseDesk {
  readonly #options: DeskOptions;
  readonly #runs = new Map<ResponseRun, ResponseFacts>();
  #previousContext: ContextCount | undefined;
  #usedTokens = 0;
  #hasSpoken = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Whether any audio was ever sent, which locks the voice. */
  get hasSpoken(): boolean {
    return this.#hasSpoken || [...this.#runs.keys()].some((run) => run.hasSpoken);
  }

  /** The response that is writing to the conversation. */
  get active(): ResponseRun | undefined {
    return [...this.#runs.keys()].find((run) => run.isInConversation);
  }

  /** Creates a response, for a client's event or for a turn of the callee; throws when that is not possible now. */
  create(params: ResponseParams = {}): void {
    this.#refuse(params);
    const run = this.#newRun(params);
    const facts = this.#factsOf(run, params);
    this.#runs.set(run, facts);
    const inProgress = { status: 'in_progress', status_details: null, output: [], usage: null };
    this.#options.emit({ type: 'response.created', response: { ...facts.onWire, ...inProgress } });
    this.#options.onCreated();
    run.start();
  }

  /** Cancels a response by id, or the active one. */
  cancel(responseId: string | undefined): void {
    const run = responseId === undefined ? this.active : [...this.#runs.keys()].find(({ id }) => id === responseId);
    if (run === undefined) {
      throw new ClientMistake('response_cancel_not_active', 'Cancellation failed: no active response found');
    }
    run.cancel('client_cancelled');
  }

  /** Cuts the active response short because the callee speaks; responses outside the conversation go on. */
  interrupt(): void {
    this.active?.cancel('turn_detected');
  }

  /** Stops everything without a word. */
  stop(): void {
    for (const run of this.#runs.keys()) run.stop();
    this.#runs.clear();
  }

  #refuse(params: ResponseParams): void {
    const { active } = this;
    if (active !== undefined && params.conversation !== 'none') {
      const message =
        `Conversation already has an active response in progress: ${active.id}. ` +
        'Wait until the response is finished before creating a new one.';
      throw new ClientMistake('conversation_already_has_active_response', message);
    }
    const config = this.#options.config();
    const voice = params.audio?.output?.voice;
    refuseVoiceChange({ config, voice, hasSpoken: this.hasSpoken }, 'response.audio.output.voice');
    refuseReasoningOn(config.model, params, 'response');
    for (const item of params.input ?? []) {
      if (item.type !== 'item_reference' || this.#options.conversation.find(item.id) !== undefined) continue;
      throw notFound('invalid_value', item.id);
    }
  }

  #newRun(params: ResponseParams): ResponseRun {
    const { conversation, ids, emit, source, nextTurn } = this.#options;
    const config = this.#options.config();
    const turn = nextTurn();
    const plan = planResponse(
      {
        say: turn.say ?? [],
        modality: (params.output_modalities ?? config.output_modalities)[0] ?? 'audio',
        format: params.audio?.output?.format ?? config.audio.output.format,
        functionCall: permittedCall(turn, config, params),
      },
      source,
    );
    return new ResponseRun({
      turn,
      plan,
      ids,
      emit,
      conversation: params.conversation === 'none' ? undefined : conversation,
      onEnd: (run, end) => this.#finish(run, end),
    });
  }

  #factsOf(run: ResponseRun, params: ResponseParams): ResponseFacts {
    const config = this.#options.config();
    const { format, voice } = config.audio.output;
    const ownInput =
      params.input === undefined ? undefined : { text: JSON.stringify(params.input).length >> 2, audio: 0 };
    return {
      context: countContext(config, ownInput ?? this.#options.conversation.tokens(), params.instructions),
      onWire: {
        object: 'realtime.response',
        id: run.id,
        conversation_id: run.isInConversation ? this.#options.conversation.id : null,
        output_modalities: params.output_modalities ?? config.output_modalities,
        max_output_tokens: params.max_output_tokens ?? config.max_output_tokens,
        audio: { output: { format, voice, ...params.audio?.output } },
        metadata: params.metadata ?? null,
      },
    };
  }

  #finish(run: ResponseRun, end: ResponseEnd): void {
    const facts = this.#runs.get(run);
    this.#hasSpoken = this.hasSpoken;
    this.#runs.delete(run);
    if (facts === undefined) return;
    const usage = responseUsage(facts.context, this.#previousContext, run.outputTokens());
    this.#previousContext = facts.context;
    this.#usedTokens += Number(usage['total_tokens']);
    this.#options.emit(doneEvent({ facts, run, end, usage }));
    this.#options.emit(rateLimits(this.#usedTokens));
    this.#options.onDone(run, end);
  }
}

/** A model calls only what it was given, and nothing when told so. */
function permittedCall(turn: AiTurn, config: SessionConfig, params: ResponseParams): AiTurn['functionCall'] {
  const call = turn.functionCall;
  const tools = params.tools ?? config.tools;
  if (call === undefined || (params.tool_choice ?? config.tool_choice) === 'none') return undefined;
  return tools.some((tool) => tool.type === 'function' && tool.name === call.name) ? call : undefined;
}

type DoneParts = {
  readonly facts: ResponseFacts;
  readonly run: ResponseRun;
  readonly end: ResponseEnd;
  readonly usage: Record<string, unknown>;
};

function doneEvent({ facts, run, end, usage }: DoneParts): WireEvent {
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
