// A tool runner on a line that a test holds in its hands.

import { z } from 'zod';
import type { ConversationEvent } from '../../../src/calls/conversation-events';
import type { SpeechOutcome, SpeechRequest, ToolCall } from '../../../src/calls/speech';
import { defineTool, type Tool, type ToolContext, type ToolDefinition } from '../../../src/tools/tool';
import { ToolRegistry } from '../../../src/tools/tool-registry';
import { ToolRunner } from '../../../src/tools/tool-runner';
import { deferred, type Deferred } from '../../../src/lib/deferred';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';

/** The part of a voice line that tools use. */
export class FakeLine {
  isAiSpeaking = false;
  isCalleeSpeaking = false;
  readonly spoken: SpeechRequest[] = [];
  readonly answers: { readonly toolCallId: string; readonly output: string }[] = [];
  /** What `speak` returns; heard at once without other word. */
  onSpeak: () => Promise<SpeechOutcome> = () => Promise.resolve('heard');
  onAnswer: () => Promise<void> = () => Promise.resolve();
  readonly #making = new Map<string, Deferred<void>>();

  speak(request: SpeechRequest): Promise<SpeechOutcome> {
    this.spoken.push(request);
    return this.onSpeak();
  }

  answerTool(toolCallId: string, output: string): Promise<void> {
    this.answers.push({ toolCallId, output });
    return this.onAnswer();
  }

  whenMade(responseId: string): Promise<void> {
    return this.#making.get(responseId)?.promise ?? Promise.resolve();
  }

  /** The model goes on with a response until the returned function is called. */
  keepMaking(responseId: string): () => void {
    const making = deferred<void>();
    this.#making.set(responseId, making);
    return making.resolve;
  }

  /** What the model was told, by the id of the use. */
  outputOf(toolCallId: string): unknown {
    const answers = this.answers.filter((answer) => answer.toolCallId === toolCallId);
    if (answers.length > 1) throw new Error('The model was told twice.');
    return answers[0] && JSON.parse(answers[0].output);
  }
}

/** One use of a tool that waits for the test. */
export type Use = ToolContext & { readonly args: unknown } & Deferred<unknown>;

/** A tool whose results the test gives, through `uses`. */
export function slowTool(name = 'look_up', changes: Partial<ToolDefinition<z.ZodType>> = {}): Tool & { uses: Use[] } {
  const uses: Use[] = [];
  const tool = defineTool({
    name,
    description: 'Looks something up.',
    parameters: z.object({ id: z.int().optional() }),
    run: (args, context) => {
      const result = deferred<unknown>();
      uses.push({ args, ...context, ...result });
      return result.promise;
    },
    ...changes,
  });
  return { ...tool, uses };
}

let lastId = 0;

/** A use of a tool, with an id of its own. */
export function aToolCall(changes: Partial<ToolCall> = {}): ToolCall {
  lastId += 1;
  return { toolCallId: `use-${lastId}`, responseId: 'response-a', name: 'look_up', argumentsJson: '{}', ...changes };
}

/** A runner with everything around it. */
export function aRig(...tools: readonly Tool[]) {
  const line = new FakeLine();
  const clock = new ManualClock();
  const log = new RecordingLogger();
  const events: ConversationEvent[] = [];
  const waits: boolean[] = [];
  const runner = new ToolRunner({
    registry: new ToolRegistry([], tools),
    line,
    clock,
    log,
    report: (event) => events.push(event),
    setWaiting: (isWaiting) => waits.push(isWaiting),
  });
  const finished = () => events.filter((event) => event.type === 'tool.finished');
  return { line, clock, log, events, waits, runner, finished };
}
