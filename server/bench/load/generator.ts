// The generator process: both far ends of all calls, in real time. Takes commands over IPC and ends with its parent.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { assertNever } from '../../src/lib/assert-never';
import { CallBatch, type BatchOptions } from './call-batch';
import { FarEnds } from './far-ends';
import type { GeneratorAnswer, GeneratorCommand, WindowFigures } from './generator-protocol';
import { setTimeout as wait } from 'node:timers/promises';

// What is under way at the end of the window still counts; later than this it is as good as lost.
const STRAGGLERS_MS = 500;

const LOOP_DELAY_RESOLUTION_MS = 1;
const NS_PER_MS = 1e6;

class Generator {
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS });
  readonly #farEnds = new FarEnds({
    byClientState: async (clientState) => this.#batch?.byClientState(clientState),
    byMark: (mark) => this.#batch?.byMark(mark),
    deltaMessages: () => this.#batch?.deltaMessages ?? [],
  });
  #batch: CallBatch | undefined;
  #cpuAtBegin = process.cpuUsage();
  #beganAtMs = 0;

  async listen(): Promise<GeneratorAnswer> {
    return { kind: 'listening', port: await this.#farEnds.listen() };
  }

  async perform(command: GeneratorCommand): Promise<GeneratorAnswer> {
    switch (command.kind) {
      case 'open':
        return this.#open(command);
      case 'begin-window':
        return this.#beginWindow();
      case 'end-window':
        return { kind: 'measured', figures: await this.#endWindow() };
      case 'close':
        return { kind: 'closed', figures: await this.#current().close() };
      default:
        return assertNever(command);
    }
  }

  async #open(options: BatchOptions): Promise<GeneratorAnswer> {
    this.#batch = new CallBatch(options);
    await this.#batch.open();
    return { kind: 'done' };
  }

  #beginWindow(): GeneratorAnswer {
    this.#current().beginWindow();
    this.#loopDelay.reset();
    this.#loopDelay.enable();
    this.#cpuAtBegin = process.cpuUsage();
    this.#beganAtMs = performance.now();
    return { kind: 'done' };
  }

  async #endWindow(): Promise<WindowFigures> {
    const batch = this.#current();
    batch.endWindow();
    const { user, system } = process.cpuUsage(this.#cpuAtBegin);
    const cpuPercent = (user + system) / (performance.now() - this.#beganAtMs) / 10;
    this.#loopDelay.disable();
    await wait(STRAGGLERS_MS);
    batch.giveUp();
    const lateness = batch.lateness.figures();
    return {
      latency: { toAi: batch.toAi.figures(), toPhone: batch.toPhone.figures() },
      generator: {
        cpuPercent,
        loopDelayP99Ms: Math.max(this.#loopDelay.percentile(99) / NS_PER_MS - LOOP_DELAY_RESOLUTION_MS, 0),
        sendLatenessP50Ms: lateness.p50Ms,
        sendLatenessP99Ms: lateness.p99Ms,
      },
    };
  }

  #current(): CallBatch {
    if (!this.#batch) throw new Error('No calls are open');
    return this.#batch;
  }
}

function answer(message: GeneratorAnswer): void {
  process.send?.(message);
}

const generator = new Generator();
process.on('message', (command: GeneratorCommand) => {
  generator.perform(command).then(answer, (error: unknown) => answer({ kind: 'failed', message: String(error) }));
});
for (const end of ['disconnect', 'SIGTERM'] as const) process.on(end, () => process.exit());
void generator.listen().then(answer);
