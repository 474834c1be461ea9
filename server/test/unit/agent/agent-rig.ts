// An agent on a fake line of a fake call, and words for what happens to it.

import { z } from 'zod';
import { Agent } from '../../../src/agent/agent';
import type { VoiceLineListener } from '../../../src/calls/agent-ports';
import { type CallBehaviour, DEFAULT_BEHAVIOUR } from '../../../src/calls/behaviour';
import type { Call } from '../../../src/calls/call';
import type { SpeechOutcome } from '../../../src/calls/speech';
import { type Deferred, deferred } from '../../../src/lib/deferred';
import { defineTool, type Tool } from '../../../src/tools/tool';
import type { ToolDeclaration } from '../../../src/calls/speech';
import { FakeCallControls, FakeVoiceLine } from '../../support/agent-fakes';
import { aCall } from '../../support/builders';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock, settle } from '../../support/manual-clock';

/** What a test wants to be different; without other word the callee opens the conversation. */
export type AgentRigOptions = {
  readonly behaviour?: Partial<CallBehaviour>;
  readonly call?: Partial<Call>;
  readonly ownTools?: readonly Tool[];
};

/** An agent whose surroundings a test controls. */
export class AgentRig {
  readonly clock = new ManualClock();
  readonly line = new FakeVoiceLine();
  readonly controls = new FakeCallControls();
  readonly log = new RecordingLogger();
  readonly agent: Agent;
  declarations: readonly ToolDeclaration[] = [];
  listener: VoiceLineListener | undefined;
  #lastTool = 0;
  #lastResponse = 0;

  constructor({ behaviour = {}, call = {}, ownTools = [] }: AgentRigOptions = {}) {
    const { clock, line, controls, log } = this;
    const madeCall = aCall({ ...call, behaviour: { ...DEFAULT_BEHAVIOUR, opening: 'silent', ...behaviour } });
    const endsAtMs = clock.monotonicMs() + madeCall.maxDurationSeconds * 1000;
    controls.remaining = () => endsAtMs - clock.monotonicMs();
    this.agent = new Agent(madeCall, {
      controls,
      clock,
      log,
      ownTools,
      openLine: (listener, declarations) => {
        this.listener = listener;
        this.declarations = declarations;
        return line;
      },
    });
  }

  /** Both sides are there. */
  connect(): this {
    this.agent.open();
    this.agent.onReady();
    this.agent.onStreamStarted();
    return this;
  }

  /** The model uses a tool in a response that it goes on with; returns the response. */
  async useTool(name: string, args: object = {}): Promise<string> {
    this.#lastResponse += 1;
    const responseId = `response-${this.#lastResponse}`;
    this.line.beginResponse(responseId);
    await this.useToolIn(responseId, name, args);
    return responseId;
  }

  /** The model uses another tool in the same response. */
  async useToolIn(responseId: string, name: string, args: object = {}): Promise<void> {
    this.#lastTool += 1;
    this.agent.onToolCall({
      toolCallId: `use-${this.#lastTool}`,
      responseId,
      name,
      argumentsJson: JSON.stringify(args),
    });
    await settle();
  }

  /** What became of a response that used a tool. */
  async finishResponse(responseId: string, outcome: SpeechOutcome): Promise<void> {
    this.line.finishPlaying(responseId, outcome);
    await settle();
  }

  /** What became of the oldest speech that was asked for. */
  async settleSpeech(outcome: SpeechOutcome): Promise<void> {
    this.line.settleSpeech(outcome);
    await settle();
  }

  /** The AI is heard, from beginning to end. */
  aiSpeaks(): void {
    this.startAi();
    this.stopAi();
  }

  startAi(): void {
    this.line.isAiSpeaking = true;
    this.agent.onAiStarted();
  }

  stopAi(): void {
    this.line.isAiSpeaking = false;
    this.agent.onAiQuiet();
  }

  startCallee(): void {
    this.line.isCalleeSpeaking = true;
    this.agent.onCalleeStarted();
  }

  stopCallee(): void {
    this.line.isCalleeSpeaking = false;
    this.agent.onCalleeStopped();
  }

  /** What the AI was given to say, in order: words, directions, or that it answers. */
  get said(): string[] {
    return this.line.spoken.map(({ content }) => {
      if (content.kind === 'words') return content.words;
      return content.kind === 'directive' ? content.directive : 'answer';
    });
  }

  /** What the model was told of its tools. */
  get answers(): string[] {
    return this.line.of('answer-tool').map(({ output }) => output);
  }

  /** Why the call was to end. */
  get ends(): string[] {
    return this.controls.ends.map(({ reason }) => reason);
  }
}

/** A tool whose result the test has in its hands. */
export function slowTool(): { readonly tool: Tool; readonly result: Deferred<string> } {
  const result = deferred<string>();
  const tool = defineTool({
    name: 'look_up',
    description: 'Looks something up.',
    parameters: z.strictObject({}),
    timeoutMs: 120_000,
    filler: 'none',
    whileRunning: 'wait',
    run: () => result.promise,
  });
  return { tool, result };
}
