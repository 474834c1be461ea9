// Runs the tools that the model asks for in one call, and gives it the results: each use once, in bounded time and
// number, with one spoken answer for all the tools of a response. What a tool does is none of its business.

import type { VoiceLine } from '../calls/agent-ports';
import type { ConversationEvent, FinishedTool } from '../calls/conversation-events';
import type { Clock, Logger, Timer } from '../calls/ports';
import type { ToolCall } from '../calls/speech';
import { type Deferred, deferred } from '../lib/deferred';
import { type Tool, ToolFailure } from './tool';
import { ToolFillers } from './tool-fillers';
import { failureOutput, type FailureReason, parseArguments, successOutput, toolFailureOutput } from './tool-output';
import type { ToolRegistry } from './tool-registry';

/** Most tools that may run at a time in a call; models ask for a handful at most. */
export const MAX_RUNNING_TOOLS = 8;
/** Most uses of tools in a call: a model that goes round in circles is stopped, a long talk is not. */
export const MAX_TOOL_CALLS = 100;

type Line = Pick<VoiceLine, 'answerTool' | 'whenMade' | 'speak' | 'isAiSpeaking' | 'isCalleeSpeaking'>;

/** What a tool runner works with. */
export type ToolRunnerDeps = {
  readonly registry: ToolRegistry;
  readonly line: Line;
  readonly clock: Clock;
  readonly log: Logger;
  readonly report: (event: ConversationEvent) => void;
  /** True from the first running tool for which the callee has to wait, false after the last of them. Must not throw. */
  readonly setWaiting: (isWaiting: boolean) => void;
  /** True while nothing is to be said about tools: a goodbye is. */
  readonly isSilenced?: () => boolean;
};

/** How a use of a tool ended. */
type Result = Pick<FinishedTool, 'outcome' | 'output'> & { readonly isSpoken: boolean };

type Run = {
  readonly call: ToolCall;
  readonly tool: Tool;
  readonly startedAtMs: number;
  readonly abort: AbortController;
  readonly deadline: Timer;
  /** Settled with whether it worked. */
  readonly done: Deferred<boolean>;
};

/** The tools of one response: the AI speaks about all of them together. */
type Group = { open: number; hasNews: boolean; hasFailed: boolean; hasAsked: boolean };

const NO_MORE_CALLS = failure('too-many-calls', 'No more tools can be used in this call. Go on without them.');
const TOO_MANY_RUNNING = failure(
  'too-many-calls',
  `Only ${MAX_RUNNING_TOOLS} tools can run at a time. Wait for their results.`,
);
const INTERNAL_FAILURE = failure('internal', 'The tool failed, and trying again will not help.');

/** Runs tools. Idempotent `close()`, which reports what still runs; after it nothing is said or reported. */
export class ToolRunner {
  readonly #registry: ToolRegistry;
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #report: ToolRunnerDeps['report'];
  readonly #setWaiting: ToolRunnerDeps['setWaiting'];
  readonly #isSilenced: () => boolean;
  readonly #fillers: ToolFillers;
  /** Every use of a tool so far: the model's events may come twice. */
  readonly #seen = new Set<string>();
  readonly #runs = new Map<string, Run>();
  readonly #groups = new Map<string, Group>();
  #isWaiting = false;
  #isClosed = false;

  constructor({ registry, line, clock, log, report, setWaiting, isSilenced = () => false }: ToolRunnerDeps) {
    this.#registry = registry;
    this.#line = line;
    this.#clock = clock;
    this.#log = log;
    this.#report = report;
    this.#setWaiting = setWaiting;
    this.#isSilenced = isSilenced;
    this.#fillers = new ToolFillers({ line, clock, isSilenced });
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  /** True while a tool runs. */
  get isBusy(): boolean {
    return this.#runs.size > 0;
  }

  /** Runs a tool, or tells the model why not; never throws. */
  run(call: ToolCall): void {
    if (this.#isClosed || this.#seen.has(call.toolCallId)) return;
    this.#seen.add(call.toolCallId);
    this.#groupOf(call).open += 1;
    const tool = this.#registry.find(call.name);
    if (this.#seen.size > MAX_TOOL_CALLS) this.#refuse(call, NO_MORE_CALLS);
    else if (!tool) this.#refuse(call, unknownTool(this.#registry));
    else if (this.#runs.size >= MAX_RUNNING_TOOLS) this.#refuse(call, TOO_MANY_RUNNING);
    else this.#start(call, tool);
  }

  /** Resolves when no other tool runs, with whether those, and all of the same response, have worked. */
  async whenOthersDone({ toolCallId, responseId }: Pick<ToolCall, 'toolCallId' | 'responseId'>): Promise<boolean> {
    const others = [...this.#runs.values()].filter(({ call }) => call.toolCallId !== toolCallId);
    const results = await Promise.all(others.map(({ done }) => done.promise));
    return results.every(Boolean) && this.#groups.get(responseId)?.hasFailed !== true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#fillers.close();
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    for (const run of runs) {
      run.deadline.cancel();
      run.abort.abort();
      run.done.resolve(false);
      this.#reportAbandoned(run);
    }
  }

  /** What it did until now is done, and belongs into the record. */
  #reportAbandoned({ call, startedAtMs }: Run): void {
    const { toolCallId, name, argumentsJson } = call;
    const durationMs = this.#clock.monotonicMs() - startedAtMs;
    this.#report({
      type: 'tool.finished',
      toolCallId,
      name,
      argumentsJson,
      outcome: 'abandoned',
      output: '',
      durationMs,
    });
  }

  #refuse(call: ToolCall, refusal: Result): void {
    void this.#tell(call, refusal, 0);
  }

  #start(call: ToolCall, tool: Tool): void {
    const parsed = parseArguments(tool, call.argumentsJson);
    if (!parsed.isValid) {
      this.#refuse(call, failure('bad-arguments', parsed.problem));
      return;
    }
    const run: Run = {
      call,
      tool,
      startedAtMs: this.#clock.monotonicMs(),
      abort: new AbortController(),
      deadline: this.#clock.after(tool.timeoutMs, () => this.#timeOut(run)),
      done: deferred<boolean>(),
    };
    this.#runs.set(call.toolCallId, run);
    this.#updateWaiting();
    this.#fillers.start(call.toolCallId, tool.filler);
    void this.#await(run, parsed.args);
  }

  async #await(run: Run, args: unknown): Promise<void> {
    const { toolCallId, responseId } = run.call;
    try {
      const result = await run.tool.run(args, { toolCallId, responseId, signal: run.abort.signal });
      this.#finish(run, { outcome: 'ok', output: successOutput(result), isSpoken: run.tool.resultIsSpoken });
    } catch (error) {
      this.#finish(run, this.#failureOf(run, error));
    }
  }

  #failureOf({ call, abort }: Run, error: unknown): Result {
    // What is thrown because nobody waits any more is no news.
    if (!abort.signal.aborted) {
      this.#log.warn('A tool failed', { toolCallId: call.toolCallId, tool: call.name, error });
    }
    if (error instanceof ToolFailure) return { outcome: 'error', output: toolFailureOutput(error), isSpoken: true };
    return INTERNAL_FAILURE;
  }

  #timeOut(run: Run): void {
    const message = `The tool did not answer within ${run.tool.timeoutMs / 1_000} seconds.`;
    // First, so that what the handler throws because of the abort comes too late.
    this.#finish(run, { ...failure('timeout', message), outcome: 'timeout' });
    run.abort.abort();
  }

  /** The first result counts; what a handler returns after its time is dropped. */
  #finish(run: Run, result: Result): void {
    if (this.#runs.get(run.call.toolCallId) !== run) return;
    this.#runs.delete(run.call.toolCallId);
    run.deadline.cancel();
    this.#fillers.stop(run.call.toolCallId);
    run.done.resolve(result.outcome === 'ok');
    void this.#tell(run.call, result, this.#clock.monotonicMs() - run.startedAtMs);
  }

  async #tell(call: ToolCall, { outcome, output, isSpoken }: Result, durationMs: number): Promise<void> {
    if (outcome !== 'ok') this.#groupOf(call).hasFailed = true;
    try {
      const hasArrived = this.#line.answerTool(call.toolCallId, output);
      // Not before the output is on its way: an answer to the callee that starts now shall know of it.
      this.#updateWaiting();
      const { toolCallId, name, argumentsJson } = call;
      this.#report({ type: 'tool.finished', toolCallId, name, argumentsJson, outcome, output, durationMs });
      await hasArrived;
      // Until then the same response may ask for more tools.
      await this.#line.whenMade(call.responseId);
      this.#settle(call, isSpoken);
    } catch (error) {
      this.#log.error('The result of a tool could not be told', { toolCallId: call.toolCallId, error });
    }
  }

  /** Has the AI speak when the last tool of a response is through. */
  #settle(call: ToolCall, isSpoken: boolean): void {
    const group = this.#groupOf(call);
    group.open -= 1;
    group.hasNews ||= isSpoken;
    if (this.#isClosed || group.open > 0 || !group.hasNews || group.hasAsked || this.#isSilenced()) return;
    group.hasAsked = true;
    // A model that has used up its tools would go on asking for them.
    const mayUseTools = this.#seen.size < MAX_TOOL_CALLS;
    void this.#line.speak({ content: { kind: 'answer' }, mayUseTools, isMootWhenAnswered: true });
  }

  #groupOf({ responseId }: ToolCall): Group {
    const group = this.#groups.get(responseId) ?? { open: 0, hasNews: false, hasFailed: false, hasAsked: false };
    this.#groups.set(responseId, group);
    return group;
  }

  #updateWaiting(): void {
    const isWaiting = [...this.#runs.values()].some(({ tool }) => tool.whileRunning === 'wait');
    if (isWaiting === this.#isWaiting || this.#isClosed) return;
    this.#isWaiting = isWaiting;
    this.#setWaiting(isWaiting);
  }
}

function failure(reason: FailureReason, message: string): Result {
  return { outcome: 'error', output: failureOutput(reason, message), isSpoken: true };
}

function unknownTool({ names }: ToolRegistry): Result {
  const known = names.length === 0 ? 'There are no tools.' : `The tools are: ${names.join(', ')}.`;
  return failure('unknown-tool', `There is no such tool. ${known}`);
}
