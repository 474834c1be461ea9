// One measurement: a fresh subject and a fresh generator, N calls through a warm-up, a steady window and their end.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RestTraffic } from '../mixed/rest-traffic';
import { Child } from './child';
import type { GeneratorAnswer, GeneratorCommand, SubjectKind, WindowFigures } from './generator-protocol';
import type { Measurement, MemoryFigures } from './load-report';
import { cpuTimeMs, cpuTimeOfOthersMs, residentMb } from './process-stat';
import { type AudioMode, FRAME_MS } from './speech-frames';
import { startSubject, type Subject, TYPESCRIPT_ARGS } from './subject';

/** What is measured, and for how long. */
export type MeasurementOptions = {
  readonly subject: SubjectKind;
  readonly mode: AudioMode;
  readonly calls: number;
  readonly seconds: number;
  /** The built server's entry. */
  readonly serverEntry: string;
  /** `full` takes the time that memory figures need; `memory` has all but what is left after the calls; `short` has none. */
  readonly depth: 'full' | 'memory' | 'short';
  /** REST traffic beside the calls; undefined for none. */
  readonly requestsPerSecond?: number | undefined;
  /** Where the subject's CPU profile goes; undefined for none. */
  readonly profileDirectory: string | undefined;
};

// Long enough for what a start or a call leaves behind to be collected or given back.
const SETTLE_MS = 2_500;
// V8 gives memory back when a process has been at rest for some twenty seconds.
const AFTER_MS = 35_000;

const WARM_UP_CALL_MS = 2_500;
const WARM_UP_MS = { full: 4_000, memory: 4_000, short: 3_000 } as const;
const SAMPLE_EVERY_MS = 500;

// Each call is also recorded, configured and dialled; faster than this, the start would be part of the load.
const CALLS_PER_SECOND = 50;

const LISTEN_LIMIT_MS = 15_000;
// Opening takes its time by the rate above, and more on a machine that is busy; hanging up takes a few ms each.
const COMMAND_LIMIT_MS = 60_000;

type Window = {
  readonly cpuMs: number | null;
  readonly foreignMs: number | null;
  readonly elapsedMs: number;
  readonly duringMb: number | null;
  readonly figures: WindowFigures;
};

type Spent = {
  readonly atMs: number;
  readonly subjectMs: number | null;
  readonly othersMs: number | null;
};

/** Runs one measurement from start to end. @throws Error when a process fails or a call does not come up */
export async function measure(options: MeasurementOptions): Promise<Measurement> {
  const directory = mkdtempSync(join(tmpdir(), 'ai-calls-load-'));
  const cleanUp = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', cleanUp);
  const children: Child[] = [];
  try {
    const generator = new Child({
      name: 'generator',
      args: [...TYPESCRIPT_ARGS, join(__dirname, 'generator.ts')],
      role: 'generator',
      logFile: join(directory, 'generator.log'),
      channel: 'ipc',
    });
    children.push(generator);
    const { port } = expected(await generator.next(LISTEN_LIMIT_MS), 'listening');
    const { profileDirectory } = options;
    const traffic = options.requestsPerSecond === undefined ? undefined : new RestTraffic(directory);
    if (traffic) children.push(traffic.child);
    await traffic?.ready();
    const subject = await startSubject({
      kind: options.subject,
      mode: options.mode,
      serverEntry: options.serverEntry,
      farEndsPort: port,
      directory,
      nodeArgs: profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`],
      onChild: (child) => children.push(child),
    });
    return await new MeasurementRun(options, { generator, subject, traffic }).perform();
  } finally {
    // The subject first: it still has calls to end at the far ends when something went wrong.
    for (const child of children.toReversed()) await child.stop();
    process.off('exit', cleanUp);
    cleanUp();
  }
}

type Parties = { readonly generator: Child; readonly subject: Subject; readonly traffic: RestTraffic | undefined };

/** The steps of one measurement. */
class MeasurementRun {
  readonly #options: MeasurementOptions;
  readonly #generator: Child;
  readonly #subject: Subject;
  readonly #traffic: RestTraffic | undefined;

  constructor(options: MeasurementOptions, { generator, subject, traffic }: Parties) {
    this.#options = options;
    this.#generator = generator;
    this.#subject = subject;
    this.#traffic = traffic;
  }

  async perform(): Promise<Measurement> {
    const { subject, mode, calls, seconds, depth } = this.#options;
    const { idleMb, beforeMb } = await this.#settleBefore();
    await this.#open(calls);
    await this.#traffic?.begin(this.#subject.url, this.#options.requestsPerSecond ?? 0);
    await wait(WARM_UP_MS[depth]);
    const { cpuMs, foreignMs, elapsedMs, duringMb, figures } = await this.#window();
    const traffic = await this.#traffic?.end();
    const { frames, brokenLegs } = expected(await this.#ask({ kind: 'close' }), 'closed').figures;
    const afterMb = depth === 'full' ? await wait(AFTER_MS).then(() => this.#residentMb()) : null;
    return {
      subject,
      mode,
      calls,
      seconds,
      cpuMsPerCallSecond: cpuMs === null ? null : (cpuMs / elapsedMs / calls) * 1000,
      cpuPercent: cpuMs === null ? null : (cpuMs / elapsedMs) * 100,
      foreignCpuPercent: foreignMs === null ? null : (foreignMs / elapsedMs) * 100,
      memory: {
        idleMb,
        beforeMb,
        duringMb,
        afterMb,
        perCallKb: duringMb === null || beforeMb === null ? null : ((duringMb - beforeMb) * 1024) / calls,
      },
      ...figures,
      frames,
      lostFrames: { toAi: frames.toAi.lost, toPhone: frames.toPhone.lost },
      extraFrames: { toAi: frames.toAi.extra, toPhone: frames.toPhone.extra },
      brokenLegs,
      traffic,
    };
  }

  async #settleBefore(): Promise<Pick<MemoryFigures, 'idleMb' | 'beforeMb'>> {
    if (this.#options.depth === 'short') return { idleMb: null, beforeMb: null };
    await wait(SETTLE_MS);
    const idleMb = this.#residentMb();
    await this.#open(1);
    await wait(WARM_UP_CALL_MS);
    expected(await this.#ask({ kind: 'close' }), 'closed');
    await wait(SETTLE_MS);
    return { idleMb, beforeMb: this.#residentMb() };
  }

  async #window(): Promise<Window> {
    expected(await this.#ask({ kind: 'begin-window' }), 'done');
    await this.#traffic?.beginWindow();
    const begin = this.#spent();
    const endMs = performance.now() + this.#options.seconds * 1000;
    let duringMb: number | null = null;
    while (performance.now() < endMs) {
      await wait(Math.min(SAMPLE_EVERY_MS, Math.max(endMs - performance.now(), 1)));
      const nowMb = this.#options.depth === 'short' ? null : this.#residentMb();
      if (nowMb !== null) duringMb = Math.max(nowMb, duringMb ?? 0);
    }
    const end = this.#spent();
    const { figures } = expected(await this.#ask({ kind: 'end-window' }), 'measured');
    const cpuMs = difference(end.subjectMs, begin.subjectMs);
    const foreignMs = difference(end.othersMs, begin.othersMs);
    return { cpuMs, foreignMs, elapsedMs: end.atMs - begin.atMs, duringMb, figures };
  }

  #spent(): Spent {
    const { pid } = this.#subject.child;
    const subjectMs = cpuTimeMs(pid);
    const ours = [pid, this.#generator.pid, ...(this.#traffic ? [this.#traffic.child.pid] : [])];
    return { atMs: performance.now(), subjectMs, othersMs: cpuTimeOfOthersMs(ours) };
  }

  async #open(calls: number): Promise<void> {
    const { subject, mode, seconds } = this.#options;
    const expectedFrames = Math.ceil((calls * seconds * 1000) / FRAME_MS);
    const { url } = this.#subject;
    expected(
      await this.#ask({ kind: 'open', subject, url, mode, calls, callsPerSecond: CALLS_PER_SECOND, expectedFrames }),
      'done',
    );
  }

  #ask(command: GeneratorCommand): Promise<unknown> {
    const calls = command.kind === 'open' ? command.calls : this.#options.calls;
    const limitMs = COMMAND_LIMIT_MS + (2 * 1000 * calls) / CALLS_PER_SECOND;
    const answer = this.#generator.next(limitMs);
    this.#generator.send(command);
    return answer;
  }

  #residentMb(): number | null {
    return residentMb(this.#subject.child.pid);
  }
}

/** The answer that has to come now. @throws Error with the generator's own words when it is another */
function expected<K extends GeneratorAnswer['kind']>(answer: unknown, kind: K): Extract<GeneratorAnswer, { kind: K }> {
  const given = answer as GeneratorAnswer;
  if (given.kind === 'failed') throw new Error(`The generator failed: ${given.message}`);
  if (given.kind !== kind) throw new Error(`The generator answered ${given.kind} where ${kind} was due`);
  return given as Extract<GeneratorAnswer, { kind: K }>;
}

function difference(end: number | null, begin: number | null): number | null {
  return end === null || begin === null ? null : end - begin;
}
