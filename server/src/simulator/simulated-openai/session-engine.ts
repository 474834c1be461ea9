/**
 * The protocol of one session without its socket: takes valid client events and emits server events, as the GA
 * Realtime API does.
 */
import { assertNever } from '../../lib/assert-never';
import type { AiScript } from './ai-script';
import type { ClientEvent, ClientItem } from './client-event-schemas';
import { ClientMistake } from './client-mistake';
import { Conversation, notFound, type ConversationItem } from './conversation';
import { InputAudio } from './input-audio';
import { ResponseDesk } from './response-desk';
import type { ResponseRecord } from './response-facts';
import type { SessionBreak } from './response-run';
import { ScriptReader } from './script-reader';
import { applyPatch, defaultConfig, type SessionConfig } from './session-config';
import type { SessionPatch } from './session-schemas';
import type { SpeechSource } from './speech-source';
import { TurnTaker } from './turn-taker';
import { itemOnWire, type Emit, type IdSource } from './wire-events';

/** How a session may misbehave on request. */
export type Quirk = 'none' | 'reject-update' | 'ignore-formats';

/** What an engine needs. */
export type EngineOptions = {
  readonly sessionId: string;
  readonly model: string;
  readonly quirk: Quirk;
  readonly ids: IdSource;
  readonly source: SpeechSource;
  readonly keepsAudio: boolean;
  /** From now to `expires_at`. */
  readonly lifetimeMs: number;
  readonly emit: Emit;
  /** Asked once, when the first update is applied, or before if a response is wanted earlier. */
  readonly chooseScript: (instructions: string) => AiScript;
  /** Told of what the server accepts although no client should do it. */
  readonly onViolation: (description: string) => void;
  /** Told when the script has the session break. */
  readonly onBreak: (how: SessionBreak) => void;
};

/** One session's behaviour. */
export class SessionEngine {
  readonly conversation: Conversation;
  readonly #options: EngineOptions;
  readonly #input: InputAudio;
  readonly #desk: ResponseDesk;
  readonly #turns: TurnTaker;
  #config: SessionConfig;
  #script: AiScript | undefined;

  constructor(options: EngineOptions) {
    const expiresAtSeconds = Math.floor((Date.now() + options.lifetimeMs) / 1000);
    this.#options = options;
    this.#config = defaultConfig({ id: options.sessionId, model: options.model, expiresAtSeconds });
    this.conversation = new Conversation(options.ids.next('conv'));
    this.#input = new InputAudio(this.#inputSettings(), options.keepsAudio ? 'everything' : 'nothing');
    const shared = {
      ids: options.ids,
      emit: options.emit,
      conversation: this.conversation,
      config: () => this.#config,
    };
    const reader = new ScriptReader(() => this.#scriptInUse());
    this.#desk = new ResponseDesk({
      ...shared,
      source: options.source,
      nextTurn: (request) => reader.next(request),
      onCreated: () => this.#turns.responseCreated(),
      onDone: (run, end) => this.#turns.responseDone(run, end),
      onBreak: options.onBreak,
    });
    this.#turns = new TurnTaker({
      ...shared,
      input: this.#input,
      desk: this.#desk,
      transcriptOf: (index) => this.#scriptInUse().hears?.[index] ?? '',
    });
  }

  /** The configuration in force. */
  get config(): SessionConfig {
    return this.#config;
  }

  /** Every response there ever was, in the order of their requests. */
  get responses(): readonly ResponseRecord[] {
    return this.#desk.records;
  }

  /** All audio appended so far at 24 kHz. */
  heard(): Int16Array {
    return this.#input.heard();
  }

  /** Greets the client. */
  open(): void {
    this.#options.emit({ type: 'session.created', session: this.#config });
    const conversation = { id: this.conversation.id, object: 'realtime.conversation' };
    this.#options.emit({ type: 'conversation.created', conversation });
  }

  /** Stops every timer. */
  stop(): void {
    this.#turns.stop();
    this.#desk.stop();
  }

  /** Performs a client event; throws the ClientMistake that answers it. */
  handle(event: ClientEvent): void {
    switch (event.type) {
      case 'session.update':
        return this.#update(event.session);
      case 'input_audio_buffer.append':
        return this.#turns.append(event.audio);
      case 'input_audio_buffer.commit':
        return this.#turns.commit();
      case 'input_audio_buffer.clear':
        return this.#turns.clear();
      case 'conversation.item.create':
        return this.#createItem(event.item, event.previous_item_id);
      case 'conversation.item.retrieve':
        return this.#retrieve(event.item_id);
      case 'conversation.item.truncate':
        return this.#truncate(event);
      case 'conversation.item.delete':
        this.conversation.delete(event.item_id);
        return this.#options.emit({ type: 'conversation.item.deleted', item_id: event.item_id });
      case 'response.create':
        return this.#desk.create(event.response);
      case 'response.cancel':
        return this.#desk.cancel(event.response_id);
      default:
        return assertNever(event);
    }
  }

  #update(patch: SessionPatch): void {
    if (this.#options.quirk === 'reject-update') {
      throw new ClientMistake('invalid_value', 'The session could not be updated.', 'session');
    }
    const wanted = this.#options.quirk === 'ignore-formats' ? withoutFormats(patch) : patch;
    const { hasSpoken, active } = this.#desk;
    this.#config = applyPatch(this.#config, wanted, { hasSpoken, isResponding: active !== undefined });
    this.#scriptInUse();
    this.#input.configure(this.#inputSettings());
    this.#options.emit({ type: 'session.updated', session: this.#config });
  }

  #createItem(item: ClientItem, previousItemId: string | null | undefined): void {
    const isRepeated = item.type === 'function_call_output' && this.#isAnswered(item.call_id);
    const created = itemFromClient(item, this.#options.ids);
    const previous = this.conversation.add(created, previousItemId);
    if (isRepeated) {
      this.#options.onViolation(`repeated_tool_output: Tool call ID '${created.callId}' already has an output.`);
    }
    const added = { previous_item_id: previous, item: itemOnWire(created) };
    this.#options.emit({ type: 'conversation.item.added', ...added });
    this.#options.emit({ type: 'conversation.item.done', ...added });
  }

  /** Whether a tool call has its output; a call that was never made cannot have one, which the server refuses. */
  #isAnswered(callId: string): boolean {
    if (this.conversation.hasCall(callId)) return this.conversation.hasOutput(callId);
    const message = `Tool call ID '${callId}' not found in conversation.`;
    throw new ClientMistake('invalid_tool_call_id', message, 'item.call_id');
  }

  #retrieve(itemId: string): void {
    const item = this.conversation.find(itemId);
    if (item === undefined) throw notFound('item_retrieve_invalid_item_id', itemId);
    this.#options.emit({ type: 'conversation.item.retrieved', item: itemOnWire(item) });
  }

  #truncate(event: ClientEvent & { type: 'conversation.item.truncate' }): void {
    const { item_id: itemId, content_index: contentIndex, audio_end_ms: audioEndMs } = event;
    this.conversation.truncate({ itemId, contentIndex, audioEndMs });
    this.#options.emit({
      type: 'conversation.item.truncated',
      item_id: itemId,
      content_index: contentIndex,
      audio_end_ms: audioEndMs,
    });
  }

  #inputSettings(): ConstructorParameters<typeof InputAudio>[0] {
    const { format, turn_detection: turnDetection } = this.#config.audio.input;
    return { format, turnDetection };
  }

  #scriptInUse(): AiScript {
    this.#script ??= this.#options.chooseScript(this.#config.instructions);
    return this.#script;
  }
}

function withoutFormats(patch: SessionPatch): SessionPatch {
  const { format: _input, ...input } = patch.audio?.input ?? {};
  const { format: _output, ...output } = patch.audio?.output ?? {};
  return { ...patch, audio: { input, output } };
}

function itemFromClient(item: ClientItem, ids: IdSource): ConversationItem {
  const common = { id: item.id ?? ids.next('item'), status: 'completed' as const, audioMs: 0, isAudio: false };
  switch (item.type) {
    case 'message': {
      const text = item.content.map((part) => ('text' in part ? part.text : '')).join('');
      return { ...common, type: 'message', role: item.role, text };
    }
    case 'function_call':
      return {
        ...common,
        type: 'function_call',
        text: item.arguments,
        name: item.name,
        callId: item.call_id ?? ids.next('call'),
      };
    case 'function_call_output':
      return { ...common, type: 'function_call_output', text: item.output, callId: item.call_id };
    case 'mcp_approval_response':
      return { ...common, type: 'mcp_approval_response', text: '' };
    default:
      return assertNever(item);
  }
}
