/** The responses of one session: at most one that writes to the conversation, any number beside it. */
import type { AiTurn } from './ai-script';
import type { ResponseParams } from './client-event-schemas';
import { ClientMistake } from './client-mistake';
import { notFound, type Conversation } from './conversation';
import { permittedCalls } from './permitted-calls';
import { createdEvent, doneEvent, factsOf, type ResponseFacts, type ResponseRecord } from './response-facts';
import { planResponse, type PlanStep } from './response-plan';
import { cutAtTokens } from './token-limit';
import { ResponseRun, type ResponseEnd, type SessionBreak } from './response-run';
import type { Requester, TurnRequest } from './script-reader';
import { refuseReasoningOn, refuseVoiceChange, type SessionConfig } from './session-config';
import type { SpeechSource } from './speech-source';
import { rateLimits, responseUsage, type ContextCount } from './usage';
import type { Emit, IdSource } from './wire-events';

/** What the desk needs of its session. */
export type DeskOptions = {
  readonly conversation: Conversation;
  readonly ids: IdSource;
  readonly emit: Emit;
  readonly source: SpeechSource;
  readonly config: () => SessionConfig;
  /** The script's answer to a request. */
  readonly nextTurn: (request: TurnRequest) => AiTurn;
  /** Told when a response begins. */
  readonly onCreated: () => void;
  /** Told when a response has ended and `response.done` is sent. */
  readonly onDone: (run: ResponseRun, end: ResponseEnd) => void;
  /** Told when a response has the session break. */
  readonly onBreak: (how: SessionBreak) => void;
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** One response that is being made, and what is kept about it. */
type Entry = { readonly facts: ResponseFacts; readonly record: Writable<ResponseRecord> };

/** Creates, cancels and closes responses. */
export class ResponseDesk {
  readonly #options: DeskOptions;
  readonly #runs = new Map<ResponseRun, Entry>();
  readonly #records: ResponseRecord[] = [];
  #previousContext: ContextCount | undefined;
  #usedTokens = 0;
  #hasSpoken = false;
  #isAnswerDue = false;

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

  /** Every response there ever was, in the order of their requests. */
  get records(): readonly ResponseRecord[] {
    return this.#records;
  }

  /** Creates the response that the client asks for; throws when that is not possible now. */
  create(params: ResponseParams = {}): void {
    this.#create('client', params);
  }

  /**
   * Answers a turn of the callee; throws when something else is being said. A response that the callee has just cut
   * short is not in the way: the answer begins when the last of it has left.
   */
  answerCallee(): void {
    this.#isAnswerDue = this.active?.isCancelled === true;
    if (!this.#isAnswerDue) this.#create('vad', {});
  }

  /** Cancels a response by id, or the active one. */
  cancel(responseId: string | undefined): void {
    const run = responseId === undefined ? this.active : [...this.#runs.keys()].find(({ id }) => id === responseId);
    if (run === undefined || run.isCancelled) {
      throw new ClientMistake('response_cancel_not_active', 'Cancellation failed: no active response found');
    }
    run.cancel('client_cancelled');
  }

  /** Cuts the active response short because the callee speaks; responses outside the conversation go on. */
  interrupt(): void {
    this.#isAnswerDue = false;
    this.active?.cancel('turn_detected');
  }

  /** Stops everything without a word. */
  stop(): void {
    for (const run of this.#runs.keys()) run.stop();
    this.#runs.clear();
    this.#isAnswerDue = false;
  }

  #create(requestedBy: Requester, params: ResponseParams): void {
    this.#refuse(params);
    const turn = this.#options.nextTurn({ requestedBy, instructions: params.instructions });
    if (turn.unanswered === true) return;
    const run = this.#newRun(turn, params);
    const { instructions, metadata = null } = params;
    const { config, conversation } = this.#options;
    const record: Entry['record'] = { id: run.id, requestedBy, metadata, status: 'in_progress' };
    if (instructions !== undefined) record.instructions = instructions;
    this.#records.push(record);
    this.#runs.set(run, { facts: factsOf(run, params, { config: config(), conversation }), record });
    this.#options.onCreated();
    run.start();
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

  #newRun(turn: AiTurn, params: ResponseParams): ResponseRun {
    const { conversation, ids, emit, onBreak } = this.#options;
    return new ResponseRun({
      turn,
      plan: this.#plan(turn, params),
      ids,
      emit,
      conversation: params.conversation === 'none' ? undefined : conversation,
      onStart: (run) => this.#announce(run),
      onEnd: (run, end) => this.#finish(run, end),
      onBreak,
    });
  }

  #plan(turn: AiTurn, params: ResponseParams): readonly PlanStep[] {
    const config = this.#options.config();
    const tools = { tools: params.tools ?? config.tools, choice: params.tool_choice ?? config.tool_choice };
    const request = {
      say: turn.say ?? [],
      modality: (params.output_modalities ?? config.output_modalities)[0] ?? 'audio',
      format: params.audio?.output?.format ?? config.audio.output.format,
      calls: permittedCalls(turn, tools),
      areCallsFirst: turn.callsFirst === true,
    };
    const plan = planResponse(request, this.#options.source);
    const limit = params.max_output_tokens ?? config.max_output_tokens;
    return limit === 'inf' ? plan : cutAtTokens(plan, limit);
  }

  #announce(run: ResponseRun): void {
    const entry = this.#runs.get(run);
    if (entry !== undefined) this.#options.emit(createdEvent(entry.facts));
  }

  #finish(run: ResponseRun, end: ResponseEnd): void {
    const entry = this.#runs.get(run);
    this.#hasSpoken = this.hasSpoken;
    this.#runs.delete(run);
    if (entry === undefined) return;
    const { facts, record } = entry;
    const usage = responseUsage(facts.context, this.#previousContext, run.outputTokens());
    this.#previousContext = facts.context;
    this.#usedTokens += Number(usage['total_tokens']);
    record.status = end.status;
    this.#options.emit(doneEvent({ facts, run, end, usage }));
    this.#options.emit(rateLimits(this.#usedTokens));
    this.#options.onDone(run, end);
    if (this.#isAnswerDue && run.isInConversation) this.answerCallee();
  }
}
