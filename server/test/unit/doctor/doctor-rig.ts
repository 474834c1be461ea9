// The doctor between a simulated phone network and a simulated AI, on a machine that a test describes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_CLOCK } from '../../../src/app/system-clock';
import type { Clock } from '../../../src/calls/ports';
import { type DoctorSurroundings, runDoctor } from '../../../src/doctor/run-doctor';
import type { System } from '../../../src/doctor/system';
import { farEndSettings } from '../../../src/simulator/far-end-settings';
import { freePort } from '../../../src/simulator/free-port';
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import { SimulatedTelnyx } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';

/** A line of the report. */
export type Line = { readonly check: string; readonly state: string; readonly found: string; readonly cure?: string };

/** A machine on which everything is in order. */
export const SOUND_SYSTEM: System = {
  nodeVersion: '20.20.2',
  memoryLimitBytes: undefined,
  openFilesLimit: 65_536,
  isContainer: false,
  freeBytes: () => Promise.resolve(100 * 1024 ** 3),
};

/** What a report says, by check. */
export class Result {
  constructor(
    readonly exitCode: number,
    readonly text: string,
    readonly lines: readonly Line[],
  ) {}

  /** The only line of a check. */
  line(check: string): Line {
    const lines = this.of(check);
    if (lines.length !== 1) throw new Error(`${check} has ${lines.length} lines: ${JSON.stringify(lines)}`);
    return lines[0]!;
  }

  of(check: string): Line[] {
    return this.lines.filter((line) => line.check === check);
  }

  /** Checks that are not in order. */
  get troubled(): string[] {
    return this.lines.filter(({ state }) => state === 'warn' || state === 'fail').map(({ check }) => check);
  }
}

/** Real time, with the wall clock off by so much. */
export function skewedClock(byMs: number): Clock {
  return { ...SYSTEM_CLOCK, nowMs: () => SYSTEM_CLOCK.nowMs() + byMs };
}

/** Real time in which deadlines come fifty times as soon. */
export const IMPATIENT_CLOCK: Clock = {
  ...SYSTEM_CLOCK,
  after: (delayMs, task) => SYSTEM_CLOCK.after(delayMs / 50, task),
};

export class DoctorRig {
  readonly telnyx: SimulatedTelnyx;
  readonly openai: SimulatedOpenai;
  readonly port: number;
  readonly dataDir = mkdtempSync(join(tmpdir(), 'ai-calls-doctor-'));
  /** Settings that differ from those of the simulators; undefined for none. */
  env: Record<string, string | undefined> = {};
  surroundings: Partial<DoctorSurroundings> = {};

  private constructor(telnyx: SimulatedTelnyx, openai: SimulatedOpenai, port: number) {
    this.telnyx = telnyx;
    this.openai = openai;
    this.port = port;
  }

  static async start(): Promise<DoctorRig> {
    const [telnyx, openai, port] = await Promise.all([SimulatedTelnyx.start(), SimulatedOpenai.start(), freePort()]);
    return new DoctorRig(telnyx, openai, port);
  }

  get environment(): Record<string, string | undefined> {
    return {
      PORT: String(this.port),
      BASE_PUBLIC_URL: `http://127.0.0.1:${this.port}`,
      ...farEndSettings(this.telnyx, this.openai),
      DATA_DIR: this.dataDir,
      ...this.env,
    };
  }

  /** What the doctor finds. */
  async examine(): Promise<Result> {
    const { exitCode, text } = await this.print(['--json']);
    const { findings } = JSON.parse(text) as { findings: Line[] };
    return new Result(exitCode, text, findings);
  }

  /** What the doctor prints. */
  async print(options: readonly string[] = []): Promise<{ readonly exitCode: number; readonly text: string }> {
    const printed: string[] = [];
    const exitCode = await runDoctor(options, {
      environment: this.environment,
      fileNames: [],
      print: (text) => printed.push(text),
      hasColour: false,
      system: SOUND_SYSTEM,
      clock: SYSTEM_CLOCK,
      ...this.surroundings,
    });
    return { exitCode, text: printed.join('\n') };
  }

  async close(): Promise<void> {
    await Promise.all([this.telnyx.close(), this.openai.close()]);
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
