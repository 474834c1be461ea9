// OpenAI's end of one realtime session: a WebSocket server that grants every session, answers the first request for a
// response with an endless one, sends its audio frame by frame when told to, and takes the callee's audio.

import type { Duplex } from 'node:stream';
import { FrameReader, frameText, OPCODE, type ReceivedFrame, serverFrame } from './web-socket-wire';

/** What an AI leg tells. */
export type AiLegListener = {
  /** The session that was asked for, before it is granted. */
  readonly onSession: (session: { readonly instructions?: string }) => void;
  /** A response was asked for and began: audio may follow. */
  readonly onStarted: () => void;
  /** Audio of the callee. */
  readonly onAudio: (bytes: number) => void;
  readonly onLost: (error?: Error) => void;
};

type ClientEvent = {
  readonly type: string;
  readonly audio?: string;
  readonly session?: { readonly instructions?: string };
  readonly response?: { readonly metadata?: Readonly<Record<string, string>> };
};

const RESPONSE_ID = 'resp_DEBenchEndlessAnswer01';
const ITEM_ID = 'item_DEBenchEndlessAnswer01';

const APPEND_HEAD = '{"type":"input_audio_buffer.append","audio":"';
const APPEND_TAIL = '"}';

/** The audio events of the endless response, ready for the wire; the same for all calls. */
export function deltaMessages(deltas: readonly string[]): Buffer[] {
  return deltas.map((delta, k) =>
    serverFrame(
      OPCODE.text,
      JSON.stringify({
        type: 'response.output_audio.delta',
        event_id: `event_DEBench${String(k).padStart(10, '0')}`,
        response_id: RESPONSE_ID,
        item_id: ITEM_ID,
        output_index: 0,
        content_index: 0,
        delta,
      }),
    ),
  );
}

/** The realtime session of one call. */
export class AiLeg {
  readonly #socket: Duplex;
  readonly #messages: readonly Buffer[];
  readonly #listener: AiLegListener;
  readonly #reader = new FrameReader((frame) => this.#onFrame(frame));
  #sent = 0;
  #isOver = false;

  /** @param messages what deltaMessages made, sent over and over */
  constructor(socket: Duplex, messages: readonly Buffer[], listener: AiLegListener) {
    this.#socket = socket;
    this.#messages = messages;
    this.#listener = listener;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk)).on('error', (error) => this.#lose(error));
    socket.on('close', () => this.#lose());
    this.#send({ type: 'session.created', session: { type: 'realtime', id: 'sess_bench' } });
  }

  /** Sends the AI's next 20 ms. */
  sendFrame(): void {
    const message = this.#messages[this.#sent % this.#messages.length];
    this.#sent += 1;
    if (message && !this.#isOver) this.#socket.write(message);
  }

  /** The call is over; whoever is at the other end closes. */
  stop(): void {
    this.#isOver = true;
  }

  #onData(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#lose(error as Error);
    }
  }

  #onFrame(frame: ReceivedFrame): void {
    if (frame.opcode === OPCODE.close) {
      this.#socket.end(serverFrame(OPCODE.close, ''));
      return this.#lose();
    }
    if (frame.opcode === OPCODE.ping) this.#socket.write(serverFrame(OPCODE.pong, frameText(frame)));
    if (frame.opcode !== OPCODE.text || this.#isOver) return;
    const bytes = appendedBytes(frame);
    if (bytes > 0) this.#listener.onAudio(bytes);
    else this.#onEvent(JSON.parse(frameText(frame)) as ClientEvent);
  }

  #onEvent({ type, audio, session, response }: ClientEvent): void {
    if (type === 'input_audio_buffer.append') this.#listener.onAudio(Buffer.byteLength(audio ?? '', 'base64'));
    if (type === 'session.update' && session) {
      this.#listener.onSession(session);
      this.#send({ type: 'session.updated', session });
    }
    if (type === 'response.create') {
      const metadata = response?.metadata ?? null;
      this.#send({
        type: 'response.created',
        response: { object: 'realtime.response', id: RESPONSE_ID, status: 'in_progress', output: [], metadata },
      });
      this.#listener.onStarted();
    }
  }

  #send(event: Readonly<Record<string, unknown>>): void {
    // Only ASCII fits into these frames, and instructions are the bench's own.
    this.#socket.write(serverFrame(OPCODE.text, JSON.stringify({ event_id: 'event_bench', ...event })));
  }

  #lose(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.onLost(error);
  }
}

/** The audio of an append in its shortest form, read from its length; 0 for anything else. */
function appendedBytes(frame: ReceivedFrame): number {
  const length = frame.end - frame.start;
  const base64Length = length - APPEND_HEAD.length - APPEND_TAIL.length;
  if (base64Length < 4 || frameText(frame, 0, APPEND_HEAD.length) !== APPEND_HEAD) return 0;
  const tail = frameText(frame, length - APPEND_TAIL.length - 2, length);
  if (!tail.endsWith(APPEND_TAIL)) return 0;
  return (base64Length / 4) * 3 - (tail.startsWith('==') ? 2 : tail[1] === '=' ? 1 : 0);
}
