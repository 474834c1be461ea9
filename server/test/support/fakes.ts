// Fakes of the ports: they record what they are asked, and do what the test tells them to.

import type { CallControls } from '../../src/calls/agent-ports';
import type { Call, CallUsage } from '../../src/calls/call';
import type {
  AnnouncedTransfer,
  CarrierStream,
  CarrierStreamListener,
  Conversation,
  HistoryItem,
  ItemRef,
  MachineNews,
  OrderRefusal,
  RealtimeListener,
  ReplaceableSession,
  RequestedResponse,
  SayRequest,
} from '../../src/calls/conversation-ports';
import type { ConversationEvent, Talking } from '../../src/calls/conversation-events';
import { aCharge } from './builders';
import type { EndReason } from '../../src/calls/end-call';
import type { TurnTaking } from '../../src/calls/speech';
import type {
  Carrier,
  DialRequest,
  LegCommand,
  LiveLeg,
  LogFields,
  Logger,
  MediaEndpoint,
  StreamTarget,
  TransferRequest,
} from '../../src/calls/ports';
import type { CallWatcher, TimelineEntry } from '../../src/calls/record-ports';

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
  onIsAlive: (carrierCallId: string) => Promise<boolean> = () => Promise.resolve(true);
  onLiveLegs: () => Promise<readonly LiveLeg[]> = () => Promise.resolve([]);
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

  isAlive(carrierCallId: string): Promise<boolean> {
    return this.onIsAlive(carrierCallId);
  }

  liveLegs(): Promise<readonly LiveLeg[]> {
    return this.onLiveLegs();
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

/** A conversation that a test drives by `report`. */
export class FakeConversation implements Conversation {
  isOpen = false;
  closed = false;
  interruptions = 0;
  wasSpeaking = true;
  talking: Talking = 'nobody';
  /** Why orders are not taken. */
  refusal: OrderRefusal | undefined;
  /** Runs within `close`, for what a real one may do at that moment. */
  onClose: () => void = () => {};
  /** When a closed one has nothing more to report. */
  onSettle: () => Promise<void> = () => Promise.resolve();
  readonly attached: CarrierStream[] = [];
  readonly says: SayRequest[] = [];
  readonly instructions: string[] = [];
  readonly transfers: AnnouncedTransfer[] = [];
  readonly digits: string[] = [];
  readonly machineNews: MachineNews[] = [];
  readonly leaves: EndReason[] = [];

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

  leave(reason: EndReason): void {
    this.leaves.push(reason);
  }

  close(): void {
    this.closed = true;
    for (const stream of this.attached) stream.close();
    this.onClose();
  }

  whenSettled(): Promise<void> {
    return this.onSettle();
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
export class FakeRealtimeSession implements ReplaceableSession {
  readonly restored: HistoryItem[] = [];
  expiresAtMs: number | undefined;
  closed = false;
  isCongested = false;
  /** Answer of `cancelResponse`. */
  isGenerating = false;
  readonly commands: SessionCommand[] = [];
  readonly drainLimitsMs: number[] = [];
  /** When `drain` resolves. */
  drained: Promise<void> = Promise.resolve();
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

  restore(history: readonly HistoryItem[]): void {
    this.restored.push(...history);
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

  drain(limitMs: number): Promise<void> {
    this.drainLimitsMs.push(limitMs);
    return this.drained;
  }

  close(): void {
    this.closed = true;
  }

  /** Raises the end of a response. */
  finishResponse(responseId: string, usage: CallUsage): void {
    this.listener.onResponseDone({ responseId, status: 'completed', spending: { usage, charge: aCharge() } });
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
  readonly reopened: string[] = [];
  readonly issued: string[] = [];
  readonly revoked: string[] = [];

  issueStream(callId: string): StreamTarget {
    this.issued.push(callId);
    return { url: `ws://localhost/media-bridge?callId=${callId}`, token: `token-${this.issued.length}` };
  }

  reopen(callId: string): void {
    this.reopened.push(callId);
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
