// The REST traffic beside the calls of a measurement, seen from the bench.

import { join } from 'node:path';
import { Child } from '../load/child';
import { BENCH_KEY } from '../load/api-client';
import { TYPESCRIPT_ARGS } from '../load/subject';
import type { TrafficAnswer, TrafficCommand, TrafficFigures } from './traffic-protocol';

const ANSWER_LIMIT_MS = 20_000;

/** Requests that go on while calls are measured. */
export class RestTraffic {
  readonly child: Child;

  constructor(directory: string) {
    this.child = new Child({
      name: 'REST traffic',
      args: [...TYPESCRIPT_ARGS, join(__dirname, 'traffic.ts')],
      role: 'generator',
      logFile: join(directory, 'traffic.log'),
      channel: 'ipc',
    });
  }

  /** Resolves when it may begin. */
  async ready(): Promise<void> {
    expected((await this.child.next(ANSWER_LIMIT_MS)) as TrafficAnswer, 'ready');
  }

  async begin(url: string, requestsPerSecond: number): Promise<void> {
    expected(await this.#ask({ kind: 'begin', url, key: BENCH_KEY, requestsPerSecond }), 'flowing');
  }

  /** What was before does not count. */
  async beginWindow(): Promise<void> {
    expected(await this.#ask({ kind: 'begin-window' }), 'flowing');
  }

  async end(): Promise<TrafficFigures> {
    return expected(await this.#ask({ kind: 'end' }), 'done').figures;
  }

  async #ask(command: TrafficCommand): Promise<TrafficAnswer> {
    const answer = this.child.next(ANSWER_LIMIT_MS);
    this.child.send(command);
    return (await answer) as TrafficAnswer;
  }
}

function expected<K extends TrafficAnswer['kind']>(
  answer: TrafficAnswer,
  kind: K,
): Extract<TrafficAnswer, { kind: K }> {
  if (answer.kind === 'failed') throw new Error(`The REST traffic failed: ${answer.message}`);
  if (answer.kind !== kind) throw new Error(`The REST traffic answered ${answer.kind} where ${kind} was due`);
  return answer as Extract<TrafficAnswer, { kind: K }>;
}
