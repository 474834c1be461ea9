// Fakes of the ports: they record what they are asked, and do what the test tells them to.

import type { CallControls } from '../../src/calls/agent-ports';
import type { Call, CallUsage } from '../../src/calls/call';
import type {
  AnnouncedTransfer,
  CarrierStream,
  CarrierStreamListener,
  Conversation,
  ConversationEvent,
  ItemRef,
  MachineNews,
  OrderRefusal,
  RealtimeListener,
  RealtimeSession,
  RequestedResponse,
  SayRequest,
} from '../../src/calls/conversation-ports';
import { CursorError } from '../../src/calls/errors';
import type { TurnTaking } from '../../src/calls/speech';
import type {
  CallPage,
  CallQuery,
  CallStore,
  CallWatcher,
  Carrier,
  DialRequest,
  Idempotency,
  Insertion,
  LegCommand,
  LogFields,
  Logger,
  MediaEndpoint,
  Replay,
  StreamTarget,
  TimelineEntry,
  TransferRequest,
} from '../../src/calls/ports';

/** A phone network that accepts everything, unless a test replaces a handler. */
export class FakeCarrier implements Carrier {
  readonly dials: DialRequest[] = [];
  readonly hangUps: LegCommand[] = [];
  readonly streams: { readonly command: LegCommand; readonly stream: StreamTarget }[] = [];
  readonly spoken: { readonly command: LegCommand; readonly text: string }[] = [];

  readonly digits: { readonly command: LegCommand; readonly digits: string }[] = [];
  readonly transfers: { readonly command: LegCommand; readonly request: TransferRequest }[] = [];

  onDial: (request: DialRequest) => Promise<{ readonly carrierCallId: string }> = () =>
    Promise.resolve({ carrierCallId: `leg-${this.dials.length}` });
  onHangUp: (command: LegCommand) => Promise<void> = () => Promise.resolve();
  onStartStream: () => Promise<void> = () => Promise.resolve();
  onSpeak: () => Promise<void> = () => Promise.resolve();
  onSendDigits: () => Promise<void> = () => Promise.resolve();
  onTransfer: () => Promise<void> = () => Promise.resolve();

  dial(request: DialRequest): Promise<{ readonly carrierCallId: string }> {
    this.dials.push(request);
    return this.onDial(request);
  }

  hangUp(command: LegCommand): Promise<void> {
    this.hangUps.push(command);
    return this.onHangUp(command);
  }

  startStream(command: LegCommand, stream: StreamTarget): Promise<void> {
    this.streams.push({ command, stream });
    return this.onStartStream();
  }

  speak(command: LegCommand, text: string): Promise<void> {
    this.spoken.push({ command, text });
    return this.onSpeak();
  }

  sendDigits(command: LegCommand, digits: string): Promise<void> {
    this.digits.push({ command, digits });
    return this.onSendDigits();
  }

  transfer(command: LegCommand, request: TransferRequest): Promise<void> {
    this.transfers.push({ command, request });
    return this.onTransfer();
  }
}

type StoredCall = { call: Call; readonly idempotency: Idempotency | undefined };

/** The record of calls in memory; held to the same contract as the SQL one. */
export class MemoryCallStore implements CallStore {
  readonly #calls = new Map<string, StoredCall>();
  readonly #entries: TimelineEntry[] = [];
  /** Runs before each operation; a test delays or fails operations with it. */
  before: (operation: 'insert' | 'save' | 'append' | 'find') => Promise<void> = () => Promise.resolve();

  async insert(call: Call, idempotency?: Idempotency): Promise<Insertion> {
    await this.before('insert');
    const replay = idempotency && this.#replayOf(idempotency);
    if (replay) return replay;
    if (this.#calls.has(call.callId)) throw new Error('This call id is taken.');
    this.#calls.set(call.callId, { call, idempotency });
    return { kind: 'inserted' };
  }

  findReplay(idempotency: Idempotency): Promise<Replay | undefined> {
    return Promise.resolve(this.#replayOf(idempotency));
  }

  async save(call: Call): Promise<void> {
    await this.before('save');
    const stored = this.#calls.get(call.callId);
    if (stored) stored.call = call;
  }

  async append(entry: TimelineEntry): Promise<void> {
    await this.before('append');
    this.#entries.push(structuredClone(entry));
  }

  async find(callId: string): Promise<Call | undefined> {
    await this.before('find');
    return this.#calls.get(callId)?.call;
  }

  list(query: CallQuery): Promise<CallPage> {
    const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
    if (after === null) return Promise.reject(new CursorError('This cursor is not one of ours.'));
    const calls = [...this.#calls.values()]
      .map(({ call }) => call)
      .filter((call) => isWanted(call, query))
      .filter((call) => after === undefined || comparePlaces(after, placeOf(call)) < 0)
      .sort((a, b) => comparePlaces(placeOf(a), placeOf(b)));
    const page = calls.slice(0, query.limit);
    const last = page.at(-1);
    return Promise.resolve(
      calls.length > page.length && last ? { calls: page, nextCursor: JSON.stringify(placeOf(last)) } : { calls: page },
    );
  }

  timeline(callId: string): Promise<readonly TimelineEntry[]> {
    return Promise.resolve(this.#entries.filter((entry) => entry.callId === callId));
  }

  #replayOf({ key, fingerprint }: Idempotency): Replay | undefined {
    const stored = [...this.#calls.values()].find(({ idempotency }) => idempotency?.key === key);
    if (!stored) return undefined;
    if (stored.idempotency?.fingerprint !== fingerprint) return { kind: 'mismatched' };
    return { kind: 'replayed', call: stored.call };
  }
}

type Place = readonly [createdAtMs: number, callId: string];

function placeOf(call: Call): Place {
  return [call.timings.createdAtMs, call.callId];
}

/** Newest first; calls of the same moment by their id. */
function comparePlaces(a: Place, b: Place): number {
  if (a[0] !== b[0]) return b[0] - a[0];
  return a[1] === b[1] ? 0 : a[1] > b[1] ? -1 : 1;
}

function parseCursor(cursor: string): Place | null {
  try {
    const place: unknown = JSON.parse(cursor);
    return Array.isArray(place) && place.length === 2 ? (place as unknown as Place) : null;
  } catch {
    // Not JSON, so it is not one of ours.
    return null;
  }
}

function isWanted(call: Call, { statuses, to, sinceMs }: CallQuery): boolean {
  if (statuses && !statuses.includes(call.status)) return false;
  if (to !== undefined && call.to !== to) return false;
  return sinceMs === undefined || call.timings.createdAtMs >= sinceMs;
}

/** A conversation that a test drives by `report`. */
export class FakeConversation implements Conversation {
  isOpen = false;
  closed = false;
  interruptions = 0;
  wasSpeaking = true;
  /** Why orders are not taken. */
  refusal: OrderRefusal | undefined;
  /** Runs within `close`, for what a real one may do at that moment. */
  onClose: () => void = () => {};
  readonly attached: CarrierStream[] = [];
  readonly says: SayRequest[] = [];
  readonly instructions: string[] = [];
  readonly transfers: AnnouncedTransfer[] = [];
  readonly digits: string[] = [];
  readonly machineNews: MachineNews[] = [];

  constructor(
    readonly call: Call,
    readonly controls: CallControls,
  ) {}

  report(event: ConversationEvent): void {
    this.controls.report(event);
  }

  say(request: SayRequest): OrderRefusal | undefined {
    this.says.push(request);
    return this.refusal;
  }

  setInstructions(instructions: string): void {
    this.instructions.push(instructions);
  }

  transfer(request: AnnouncedTransfer): OrderRefusal | undefined {
    this.transfers.push(request);
    return this.refusal;
  }

  onCarrierDigit(digit: string): void {
    this.digits.push(digit);
  }

  onMachine(news: MachineNews): void {
    this.machineNews.push(news);
  }

  get isStreaming(): boolean {
    return this.attached.at(-1)?.closed === false;
  }

  open(): void {
    this.isOpen = true;
  }

  attach(stream: CarrierStream): void {
    this.attached.push(stream);
    const { streamId, encoding, sampleRateHz } = stream;
    this.report({ type: 'stream.started', streamId, encoding, sampleRateHz });
  }

  interrupt(): boolean {
    this.interruptions += 1;
    return this.wasSpeaking;
  }

  /** The stream goes away, by the carrier's will or for no reason known. */
  loseStream(how: 'stopped' | 'lost'): void {
    this.attached.at(-1)?.close();
    this.report(how === 'stopped' ? { type: 'stream.stopped' } : { type: 'stream.lost', closeCode: 1006 });
  }

  close(): void {
    this.closed = true;
    for (const stream of this.attached) stream.close();
    this.onClose();
  }
}

/** Makes FakeConversations and remembers them. */
export class FakeConversations {
  readonly all: FakeConversation[] = [];
  /** Runs before each conversation is made; a test fails the making with it. */
  before: () => void = () => {};

  readonly open = (call: Call, controls: CallControls): FakeConversation => {
    this.before();
    const conversation = new FakeConversation(call, controls);
    this.all.push(conversation);
    return conversation;
  };

  get last(): FakeConversation {
    const last = this.all.at(-1);
    if (!last) throw new Error('No conversation was opened.');
    return last;
  }
}

/** What a realtime session was told, in order. */
export type SessionCommand =
  | { readonly type: 'append'; readonly audio: Buffer }
  | { readonly type: 'request'; readonly request: RequestedResponse }
  | { readonly type: 'message'; readonly role: 'system' | 'user'; readonly text: string }
  | { readonly type: 'tool-answer'; readonly toolCallId: string; readonly output: string }
  | { readonly type: 'turns'; readonly by: TurnTaking }
  | { readonly type: 'instructions'; readonly instructions: string }
  | { readonly type: 'cancel'; readonly which: 'active' | 'all' | 'cut-in' }
  | { readonly type: 'truncate'; readonly item: ItemRef; readonly heardMs: number }
  | { readonly type: 'delete'; readonly itemId: string };

/** An AI leg whose events a test raises through `listener`. */
export class FakeRealtimeSession implements RealtimeSession {
  closed = false;
  isCongested = false;
  /** Answer of `cancelResponse`. */
  isGenerating = false;
  readonly commands: SessionCommand[] = [];
  #listener: RealtimeListener | undefined;

  get listener(): RealtimeListener {
    if (!this.#listener) throw new Error('The session was not opened.');
    return this.#listener;
  }

  /** All audio that was appended, as one. */
  get appended(): Buffer {
    return Buffer.concat(this.of('append').map(({ audio }) => audio));
  }

  of<T extends SessionCommand['type']>(type: T): Extract<SessionCommand, { type: T }>[] {
    return this.commands.filter((command): command is Extract<SessionCommand, { type: T }> => command.type === type);
  }

  open(listener: RealtimeListener): void {
    this.#listener = listener;
  }

  appendAudio(audio: Buffer): void {
    // Only lent, as by the real one's contract.
    this.commands.push({ type: 'append', audio: Buffer.from(audio) });
  }

  requestResponse(request: RequestedResponse): void {
    this.commands.push({ type: 'request', request });
  }

  addMessage(role: 'system' | 'user', text: string): void {
    this.commands.push({ type: 'message', role, text });
  }

  answerTool(toolCallId: string, output: string): void {
    this.commands.push({ type: 'tool-answer', toolCallId, output });
  }

  takeTurns(by: TurnTaking): void {
    this.commands.push({ type: 'turns', by });
  }

  setInstructions(instructions: string): void {
    this.commands.push({ type: 'instructions', instructions });
  }

  cancelResponse(which: 'active' | 'all' | 'cut-in'): boolean {
    this.commands.push({ type: 'cancel', which });
    return this.isGenerating;
  }

  truncate(item: ItemRef, heardMs: number): void {
    this.commands.push({ type: 'truncate', item, heardMs });
  }

  deleteItem(itemId: string): void {
    this.commands.push({ type: 'delete', itemId });
  }

  close(): void {
    this.closed = true;
  }

  /** Raises the end of a response. */
  finishResponse(responseId: string, usage: CallUsage): void {
    this.listener.onResponseDone({ responseId, status: 'completed', usage });
  }
}

/** What was sent to the carrier, in order. */
export type SentFrame =
  | { readonly type: 'audio'; readonly audio: Uint8Array }
  | { readonly type: 'mark'; readonly name: string }
  | { readonly type: 'clear' };

/** A carrier's stream whose events a test raises through `listener`. */
export class FakeCarrierStream implements CarrierStream {
  closed = false;
  roundTripMs = 0;
  readonly sent: SentFrame[] = [];
  readonly streamId: string;
  readonly encoding: string;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly stats = { reordered: 0, duplicates: 0, missing: 0, unreadable: 0, peakBacklogBytes: 0 };
  #listener: CarrierStreamListener | undefined;

  constructor({ streamId = 'stream-1', encoding = 'PCMU', sampleRateHz = 8000, channels = 1 } = {}) {
    this.streamId = streamId;
    this.encoding = encoding;
    this.sampleRateHz = sampleRateHz;
    this.channels = channels;
  }

  get listener(): CarrierStreamListener {
    if (!this.#listener) throw new Error('Nobody listens to the stream.');
    return this.#listener;
  }

  /** All audio that was sent, as one. */
  get audio(): Buffer {
    return Buffer.concat(this.sent.flatMap((frame) => (frame.type === 'audio' ? [frame.audio] : [])));
  }

  get clears(): number {
    return this.sent.filter(({ type }) => type === 'clear').length;
  }

  listen(listener: CarrierStreamListener): void {
    this.#listener = listener;
  }

  sendAudio(audio: Uint8Array): void {
    this.sent.push({ type: 'audio', audio: Uint8Array.from(audio) });
  }

  sendMark(name: string): void {
    this.sent.push({ type: 'mark', name });
  }

  clear(): void {
    this.sent.push({ type: 'clear' });
  }

  close(): void {
    this.closed = true;
  }
}

/** Gives out addresses and remembers for whom. */
export class FakeMediaEndpoint implements MediaEndpoint {
  readonly issued: string[] = [];
  readonly revoked: string[] = [];

  issueStream(callId: string): StreamTarget {
    this.issued.push(callId);
    return { url: `ws://localhost/media-bridge?callId=${callId}`, token: `token-${this.issued.length}` };
  }

  revoke(callId: string): void {
    this.revoked.push(callId);
  }
}

/** A line that was logged. */
export type LogLine = { readonly level: keyof Logger; readonly message: string; readonly fields: LogFields };

/** A log that a test can read. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = [];

  debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'debug', message, fields });
  }

  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'info', message, fields });
  }

  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'warn', message, fields });
  }

  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'error', message, fields });
  }

  at(level: keyof Logger): LogLine[] {
    return this.lines.filter((line) => line.level === level);
  }
}

/** Somebody who watches calls and remembers what was seen. */
export class RecordingWatcher implements CallWatcher {
  readonly seen: { readonly entry: TimelineEntry; readonly call: Call }[] = [];

  onEntry(entry: TimelineEntry, call: Call): void {
    this.seen.push({ entry, call });
  }

  /** The types of the entries, in order. */
  get types(): string[] {
    return this.seen.map(({ entry }) => entry.type);
  }
}
