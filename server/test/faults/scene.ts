// A server with two calls: the subject, to which something happens at a stage of its life, and a bystander, which must
// not notice. Both are conversations of tones between a simulated phone and a simulated AI.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openAsOnlooker } from '../../soak/record-checks';
import type { Call } from '../../src/calls/call';
import type { Logger } from '../../src/calls/ports';
import type { StoredEntry } from '../../src/calls/record-ports';
import { tone } from '../../src/simulator/pcm';
import type { AiScript, AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import type { PhoneScript } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { SqlCallStore } from '../../src/store/call-store';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import { HastyClock } from './hasty-clock';
import { ownPort } from './own-port';
import { ToolServer } from './tool-server';

/** Where in its life a call is. */
export type Stage = 'dialing' | 'ringing' | 'opening' | 'caller speaking' | 'AI speaking' | 'tool running' | 'ending';

/** What the AI says to the subject: as a greeting, to the callee's first words, and from then on. */
export type SubjectScript = { readonly greeting: AiTurn; readonly answer: AiTurn; readonly later: AiTurn };

/** What differs from an ordinary scene. */
export type SceneOptions = {
  readonly stage: Stage;
  /** PostgreSQL; SQLite unless given. */
  readonly databaseUrl?: string | undefined;
  readonly script?: Partial<SubjectScript> | undefined;
  readonly phone?: Partial<PhoneScript> | undefined;
  readonly log?: Logger | undefined;
};

const SUBJECT = '+12025550123';
const BYSTANDER = '+12025550124';
const TURN_DETECTION = { type: 'server-vad', silenceMs: 200 };

// In proportion to what they are in life.
const DEADLINES = {
  dialAnswerMs: 900,
  ringTimeoutSeconds: 10,
  ringGraceMs: 300,
  dialOutcomeMs: 700,
  // Longer than the carrier may need for the first one under load: a second one would replace it.
  streamRetryMs: 1_500,
  streamStartMs: 3_900,
  hangupReportMs: 400,
  lastWordsMs: 300,
};

// Of the carrier's own limits.
const SECOND_MS = 200;

// The dial's answer is that late where the dialling itself is the stage.
const DIALING_MS = 350;
// The longest silence of a model that is put up with, which no clock can shorten, and some.
const SPEECH_LIMIT_MS = 20_000;

const GREETING: AiTurn = { say: [{ toneHz: 700, ms: 500, text: 'Hello, this is the office.' }] };
const ANSWER: AiTurn = { say: [{ toneHz: 900, ms: 2_400, text: 'Let me explain that at some length.' }], speedup: 3 };
const LATER: AiTurn = { say: [{ toneHz: 1_100, ms: 400, text: 'Where were we?' }] };
const TOOL_USE: AiTurn = { functionCall: { name: 'find_order', arguments: '{}' } };
const GOODBYE: AiTurn = {
  say: [{ toneHz: 900, ms: 1_800, text: 'Thank you for your time, and goodbye.' }],
  speedup: 3,
  functionCall: { name: 'end_call', arguments: '{"reason":"done"}' },
  // So that it is an ending from its first word on.
  callsFirst: true,
};

/** One scene, from the start of its server to the end. */
export class Scene {
  readonly bridge: TestBridge;
  readonly clock: HastyClock;
  /** Where the records are. */
  readonly databasePlace: string;
  subjectId = '';
  bystanderId = '';
  readonly #tools: ToolServer;
  readonly #dataDir: string;
  readonly #options: SceneOptions;

  private constructor(
    parts: { bridge: TestBridge; clock: HastyClock; tools: ToolServer; dataDir: string },
    options: SceneOptions,
  ) {
    this.bridge = parts.bridge;
    this.clock = parts.clock;
    this.#tools = parts.tools;
    this.#dataDir = parts.dataDir;
    this.#options = options;
    this.databasePlace = options.databaseUrl ?? join(parts.dataDir, 'ai-calls.db');
  }

  /** Starts the server and the bystander's call. */
  static async open(options: SceneOptions): Promise<Scene> {
    const dataDir = mkdtempSync(join(tmpdir(), 'ai-calls-faults-'));
    const clock = new HastyClock();
    const bridge = await TestBridge.start({
      env: await settings(dataDir, options.databaseUrl),
      compose: { clock, deadlines: DEADLINES, ...(options.log && { log: options.log }) },
      telnyx: { secondMs: SECOND_MS },
    });
    const scene = new Scene({ bridge, clock, tools: await ToolServer.start(), dataDir }, options);
    scene.#writeScripts();
    await scene.#placeBystander().catch(async (error: unknown) => {
      await scene.close();
      throw error;
    });
    return scene;
  }

  get subject(): SimulatedLeg {
    return legTo(this.bridge, SUBJECT);
  }

  get bystander(): SimulatedLeg {
    return legTo(this.bridge, BYSTANDER);
  }

  /** The subject's realtime session that is in use. */
  get session(): SimulatedSession {
    const found = this.bridge.openai.sessions.findLast(({ instructions }) => instructions.includes('the subject'));
    if (found === undefined) throw new Error('The subject has no session.');
    return found;
  }

  /** Places the subject's call and resolves when it is at the stage. */
  async reachStage(): Promise<void> {
    const { stage } = this.#options;
    if (stage === 'dialing') this.bridge.telnyx.failNext('dial', { kind: 'late', delayMs: DIALING_MS });
    this.subjectId = await this.#place(SUBJECT, 'You are the subject.');
    if (stage === 'dialing') return this.#dialling();
    if (stage === 'ringing') {
      await this.bridge.entry(this.subjectId, 'call.ringing');
      return this.#sessionReady();
    }
    await this.#dialled(SUBJECT);
    await this.subject.until('stream-started');
    if (stage === 'opening') return this.#sessionReady();
    await this.subject.until('speech', SPEECH_LIMIT_MS);
    await until(() => this.session.responses[0]?.status === 'completed' && this.subject.queuedMs() === 0);
    await this.#answered(stage);
  }

  /** Whether a leg is the subject's. */
  isSubject(carrierCallId: string): boolean {
    return this.bridge.telnyx.leg(SUBJECT)?.carrierCallId === carrierCallId;
  }

  /** Asks for the end of the subject by REST, and does not wait for the answer. */
  hangUpSubject(): void {
    void this.bridge.request('POST', `/api/ai-calls/${this.subjectId}/hangup`);
  }

  /** Whether words were exchanged before the fault struck. */
  get hasTalked(): boolean {
    return !['dialing', 'ringing', 'opening'].includes(this.#options.stage);
  }

  /** Resolves when the subject's phone was answered and has heard the AI. */
  async subjectAnswered(): Promise<void> {
    await until(() => this.bridge.telnyx.leg(SUBJECT)?.state === 'answered', { timeoutMs: SPEECH_LIMIT_MS });
  }

  /** The callee says something and hears an answer, after a greeting if there was none yet. */
  async converse(leg: SimulatedLeg): Promise<void> {
    await leg.until('speech', SPEECH_LIMIT_MS);
    const heard = leg.next('speech', SPEECH_LIMIT_MS);
    leg.say(voice(500));
    await heard;
  }

  /** Resolves when nothing is left of any call: no leg, no session. */
  async untilNothingLeft(): Promise<void> {
    const { telnyx, openai } = this.bridge;
    await telnyx.allLegsDown(8_000);
    await until(() => openai.liveSessions().length === 0, { timeoutMs: 8_000 });
  }

  /** Resolves when the database knows the end of a call: after an outage it is a while behind. */
  async written(callId: string): Promise<void> {
    await until(
      async () => {
        const { timeline } = await this.stored(callId);
        // Each look opens the database anew.
        await wait(100);
        return timeline.some(({ type }) => type === 'leg.down');
      },
      { timeoutMs: 15_000 },
    );
  }

  /** Stops the server, after which no timer may be left, of a call or otherwise. */
  async stop(): Promise<void> {
    await this.bridge.stopServer();
    await until(() => this.clock.pendingTimers === 0);
  }

  /** What the database knows of a call, past the server. */
  async stored(
    callId: string,
  ): Promise<{ readonly call: Call | undefined; readonly timeline: readonly StoredEntry[] }> {
    const database = openAsOnlooker(this.databasePlace);
    const store = new SqlCallStore(database, { nodeId: 'onlooker' });
    try {
      return { call: await store.find(callId), timeline: await store.timeline(callId) };
    } finally {
      await database.destroy();
    }
  }

  async close(): Promise<void> {
    this.bridge.telnyx.outage = undefined;
    this.bridge.openai.outage = undefined;
    await this.bridge.close();
    await this.#tools.close();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  async #placeBystander(): Promise<void> {
    this.bystanderId = await this.#place(BYSTANDER, 'You are the bystander.');
    await this.#dialled(BYSTANDER);
    await this.bystander.until('speech', SPEECH_LIMIT_MS);
  }

  /** There is a leg. That it rings may be overtaken by its stream: then the call never was `ringing`. */
  async #dialled(to: string): Promise<void> {
    await until(() => this.bridge.telnyx.leg(to) !== undefined, { timeoutMs: 10_000 });
  }

  async #dialling(): Promise<void> {
    await until(() => this.bridge.telnyx.requests.filter(({ operation }) => operation === 'dial').length === 2);
  }

  async #sessionReady(): Promise<void> {
    await until(() => this.bridge.openai.sessions.some(({ instructions }) => instructions.includes('the subject')));
    await this.session.untilSent('session.updated');
  }

  /** The callee speaks; from then on the stages differ. */
  async #answered(stage: Stage): Promise<void> {
    const started = this.session.nextSent('input_audio_buffer.speech_started');
    const heard = this.subject.next('speech', SPEECH_LIMIT_MS);
    heard.catch(() => undefined);
    this.subject.say(voice(stage === 'caller speaking' ? 1_600 : 500));
    await started;
    if (stage === 'tool running') await this.#tools.asked();
    else if (stage !== 'caller speaking') await heard;
  }

  #writeScripts(): void {
    const { stage, phone, script = {} } = this.#options;
    const { telnyx, openai } = this.bridge;
    telnyx.script(BYSTANDER, { ringMs: 20 });
    telnyx.script(SUBJECT, { ringMs: stage === 'ringing' || stage === 'dialing' ? 1_200 : 150, ...phone });
    const exact = { toneHz: 1_300, msPerCharacter: 20 };
    const plain: AiScript = { turns: [GREETING], otherwise: LATER, exact };
    const { greeting = GREETING, answer = answerAt(stage), later = LATER } = script;
    const first: AiScript = { turns: [greeting, answer], otherwise: later, exact, hears: ['What about my order?'] };
    let sessions = 0;
    openai.setScriptFor(({ instructions }) => {
      if (!instructions.includes('the subject')) return plain;
      sessions += 1;
      return sessions === 1 ? first : { otherwise: later, exact, hears: ['What about my order?'] };
    });
  }

  #place(to: string, instructions: string): Promise<string> {
    const { tool } = this.#tools;
    return this.bridge.place({
      to,
      instructions,
      turnDetection: TURN_DETECTION,
      silenceNudgeSeconds: 0,
      tools: [tool],
    });
  }
}

async function settings(dataDir: string, databaseUrl: string | undefined): Promise<Record<string, string>> {
  const port = await ownPort();
  return {
    PORT: String(port),
    BASE_PUBLIC_URL: `http://127.0.0.1:${port}`,
    DATA_DIR: dataDir,
    ALLOW_PRIVATE_URLS: 'true',
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  };
}

function answerAt(stage: Stage): AiTurn {
  if (stage === 'tool running') return TOOL_USE;
  return stage === 'ending' ? GOODBYE : ANSWER;
}

function voice(ms: number): Int16Array {
  return tone({ hz: 440, ms });
}

function legTo(bridge: TestBridge, to: string): SimulatedLeg {
  const leg = bridge.telnyx.leg(to);
  if (leg === undefined) throw new Error(`Nobody has dialled ${to}.`);
  return leg;
}
