/** A client of the simulated OpenAI on a real socket, and sounds to send it. */
import { WebSocket } from 'ws';
import { encodeL16, encodeMulaw, tone } from '../../../src/simulator/pcm';
import type { AiScript } from '../../../src/simulator/simulated-openai/ai-script';
import type { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import type { SimulatedSession } from '../../../src/simulator/simulated-openai/simulated-session';
import type { WireEvent } from '../../../src/simulator/simulated-openai/wire-events';

const MODEL = 'gpt-realtime-2.1-mini';

/** A turn that is there at once. */
export const FAST = { thinkMs: 0, speedup: Infinity };

/** What the tests look at in events; which fields are there depends on the type. */
export type Seen = WireEvent & {
  readonly error: { readonly code: string | null; readonly event_id: string | null };
  readonly session: object;
  readonly item: { readonly call_id: string };
  readonly item_id: string;
  readonly transcript: string;
  readonly response: {
    readonly id: string;
    readonly status: string;
    readonly output: readonly { readonly id: string }[];
    readonly usage: {
      readonly total_tokens: number;
      readonly input_tokens: number;
      readonly output_tokens: number;
      readonly input_token_details: { readonly cached_tokens_details: { readonly text_tokens: number } };
    };
  };
};

/** A client that keeps every event and can wait for the next of a type. */
export class Client {
  readonly events: WireEvent[] = [];
  readonly socket: WebSocket;
  #wake: () => void = () => undefined;
  #read = 0;

  constructor(openai: SimulatedOpenai) {
    const url = `${openai.apiBaseUrl.replace('http', 'ws')}/realtime?model=${MODEL}`;
    this.socket = new WebSocket(url, { headers: { Authorization: `Bearer ${openai.apiKey}` } });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => {
      this.events.push(JSON.parse(data.toString('utf8')) as WireEvent);
      this.#wake();
    });
  }

  send(event: WireEvent): void {
    this.socket.send(JSON.stringify(event));
  }

  /** Asks for a response. */
  ask(response: object = {}): void {
    this.send({ type: 'response.create', response });
  }

  /** Creates an item and waits until the server has it. */
  async create(item: object): Promise<Seen> {
    this.send({ type: 'conversation.item.create', item });
    return this.until('conversation.item.done');
  }

  /** Changes the session and returns it as the server shows it. */
  async update(session: object): Promise<object> {
    this.send({ type: 'session.update', session: { type: 'realtime', ...session } });
    return (await this.until('session.updated')).session;
  }

  /** Reads on to the next event of a type. */
  async until(type: string): Promise<Seen> {
    for (;;) {
      while (this.#read < this.events.length) {
        const event = this.events[this.#read++]!;
        if (event.type === type) return event as Seen;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  types(): string[] {
    return this.events.map((event) => event.type);
  }

  /** The events of a type so far. */
  all(type: string): WireEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  /** The audio of every delta so far. */
  audio(): Buffer[] {
    return this.all('response.output_audio.delta').map((event) => Buffer.from(String(event['delta']), 'base64'));
  }

  append(samples: Int16Array, format: 'pcm' | 'pcmu' = 'pcm'): void {
    const bytes = format === 'pcm' ? encodeL16(samples) : encodeMulaw(samples);
    this.send({ type: 'input_audio_buffer.append', audio: bytes.toString('base64') });
  }
}

/** Opens a session that plays a script and has been updated once. */
export async function openSession(
  openai: SimulatedOpenai,
  script?: AiScript,
  settings: object = {},
): Promise<{ readonly client: Client; readonly session: SimulatedSession }> {
  if (script !== undefined) openai.setDefaultScript(script);
  const client = new Client(openai);
  await client.until('conversation.created');
  await client.update(settings);
  return { client, session: openai.sessions.at(-1)! };
}

/** A loud voice; 24 kHz unless told. */
export function speech(ms: number, sampleRateHz = 24_000): Int16Array {
  return tone({ hz: 440, ms, sampleRateHz, amplitude: 0.3 });
}

/** Nothing at all; 24 kHz unless told. */
export function silence(ms: number, sampleRateHz = 24_000): Int16Array {
  return new Int16Array((ms * sampleRateHz) / 1000);
}

/** Speech of the AI. */
export function sayTone(ms: number, text = 'One two three four.'): { toneHz: number; ms: number; text: string } {
  return { toneHz: 300, ms, text };
}
