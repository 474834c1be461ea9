// The live timeline of the demo's call, a line for each thing that a person would want to know.

import type { Call } from '../calls/call';
import type { Turn } from '../calls/conversation-events';
import type { Charge } from '../calls/cost';
import type { CallWatcher, TimelineEntry } from '../calls/record-ports';
import { deferred } from '../lib/deferred';
import { styled, wrapped } from './style';

const TEXT_WIDTH = 84;
const NAME_WIDTH = 8;

/** Prints a call while it happens. */
export class CallPrinter implements CallWatcher {
  readonly #print: (line: string) => void;
  readonly #over = deferred<void>();
  /** What the call is not over without. */
  readonly #awaited = new Set(['leg', 'bill']);
  #startedAtMs = Date.now();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Says what is about to happen. */
  intro(url: string, request: Readonly<Record<string, unknown>>): void {
    this.#startedAtMs = Date.now();
    this.#print('');
    this.#print(styled('bold', 'AI Calls: one phone call, placed and carried by this server'));
    this.#print(
      styled('dim', 'The phone network (Telnyx) and the AI (OpenAI Realtime) are simulated; all between them is real.'),
    );
    this.#print('');
    this.#print(`  POST ${url}/api/ai-calls/create`);
    for (const line of JSON.stringify(request, undefined, 2).split('\n')) this.#print(styled('dim', `  ${line}`));
    this.#print('');
  }

  onEntry({ atMs, type, data }: TimelineEntry, call: Call): void {
    const lines = describe(type, data, call);
    for (const [index, line] of lines.entries()) {
      const stamp = index === 0 ? `${((atMs - this.#startedAtMs) / 1000).toFixed(2)} s`.padStart(9) : ' '.repeat(9);
      this.#print(`${styled('dim', stamp)}  ${line}`);
    }
    if (type === 'leg.down') this.#awaited.delete('leg');
    if (type === 'usage.added' && (data['charge'] as Charge).source === 'carrier') this.#awaited.delete('bill');
    if (this.#awaited.size === 0) this.#over.resolve();
  }

  /** Resolves when nothing is left of the call and the carrier's bill is there; rejects when that takes longer. */
  async whenOver(limitMs: number): Promise<void> {
    const timer = setTimeout(() => this.#over.reject(new Error(`The call took longer than ${limitMs} ms`)), limitMs);
    await this.#over.promise.finally(() => clearTimeout(timer));
  }
}

function describe(type: string, data: TimelineEntry['data'], call: Call): string[] {
  switch (type) {
    case 'call.queued':
      return [status('queued', 'recorded, dialling')];
    case 'call.initiated':
      return [status('initiated', 'Telnyx has taken the call')];
    case 'call.ringing':
      return [status('ringing', 'meanwhile the AI session is opened and its greeting made')];
    case 'ai.ready':
      return [note(`AI session ready after ${String(data['connectMs'])} ms`)];
    case 'call.in-progress':
      return [status('in-progress', 'picked up')];
    case 'greeting.started':
      return [note(`first word ${String(data['afterStreamMs'])} ms after the line was open: no dead air`)];
    case 'reply.started':
      return [note(`answers ${String(data['latencyMs'])} ms after the callee's last word`)];
    case 'assistant.interrupted':
      return [
        styled(
          'yellow',
          `✂ the callee cut in: silenced, and the AI knows that ${String(data['heardMs'])} ms were heard`,
        ),
      ];
    case 'tool.finished':
      return [toolLine(data)];
    case 'turn.finished':
      return turnLines(data['turn'] as Turn);
    case 'leg.down':
      return [note('the phone line is down')];
    default:
      return type.startsWith('call.') ? [status(call.status, call.verdict?.message ?? '')] : [];
  }
}

function toolLine({ name, argumentsJson, outcome, durationMs }: TimelineEntry['data']): string {
  const call = `${String(name)}(${String(argumentsJson)})`;
  return styled('magenta', `⚙ ${call} ${String(outcome)} after ${Math.round(Number(durationMs))} ms`);
}

function turnLines({ speaker, text, isInterrupted }: Turn): string[] {
  const style = speaker === 'assistant' ? 'cyan' : 'green';
  const name = (speaker === 'assistant' ? 'AI' : 'Callee').padEnd(NAME_WIDTH);
  const lines = wrapped(`“${text}${isInterrupted ? ' —' : ''}”`, TEXT_WIDTH);
  return lines.map((line, index) => styled(style, `${index === 0 ? name : ' '.repeat(NAME_WIDTH)}${line}`));
}

function status(name: string, what: string): string {
  return `${styled('bold', name.padEnd(12))}${what}`;
}

function note(what: string): string {
  return styled('dim', `· ${what}`);
}
