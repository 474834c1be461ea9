// What is left after the demo's call: verdict, latencies, cost, and where to look and listen.

import { z } from 'zod';
import { styled } from './style';

const recordSchema = z.object({
  status: z.string(),
  durationSeconds: z.number().nullable(),
  verdict: z.object({ reason: z.string(), message: z.string() }),
  usage: z.object({
    responses: z.number(),
    inputAudioTokens: z.number(),
    outputAudioTokens: z.number(),
    inputTextTokens: z.number(),
    outputTextTokens: z.number(),
    costUsd: z.number().nullable(),
  }),
  transcript: z.array(z.object({ speaker: z.string(), isInterrupted: z.boolean() })),
  toolCalls: z.array(z.object({ name: z.string(), outcome: z.string() })),
  timeline: z.array(z.looseObject({ type: z.string() })),
});

const replySchema = z.object({
  type: z.literal('reply.started'),
  latencyMs: z.number(),
  vadMs: z.number(),
  modelMs: z.number(),
  bridgeMs: z.number(),
  heardAfterMs: z.number(),
});

type Reply = z.infer<typeof replySchema>;

// The longest bar of the waterfall, in characters.
const BAR_WIDTH = 40;

type Surroundings = {
  readonly wavPath: string;
  readonly dataDir: string;
  readonly print: (line: string) => void;
};

/** Prints the end of the demo; returns whether the call went as it should. */
export function printSummary(answer: unknown, { wavPath, dataDir, print }: Surroundings): boolean {
  const record = recordSchema.parse(answer);
  const { usage, transcript } = record;
  const replies = record.timeline.flatMap((entry) => replySchema.safeParse(entry).data ?? []);
  const greetingMs = numbers(record, 'greeting.started', 'afterStreamMs')[0];
  const tokens = usage.inputAudioTokens + usage.outputAudioTokens + usage.inputTextTokens + usage.outputTextTokens;
  print('');
  print(
    `  Status     ${styled('bold', record.status)} (${record.verdict.reason}), ${String(record.durationSeconds)} s`,
  );
  print(
    `  Said       ${transcript.length} turns, ${transcript.filter((turn) => turn.isInterrupted).length} of them interrupted`,
  );
  print(`  Tools      ${record.toolCalls.map(({ name, outcome }) => `${name} ${outcome}`).join(', ')}`);
  print(`  Latency    greeting ${String(greetingMs)} ms after the line was open`);
  for (const line of waterfall(replies)) print(`             ${line}`);
  print(
    `  Cost       ${cost(usage.costUsd)} for ${tokens} tokens in ${usage.responses} responses (simulated usage, real prices)`,
  );
  print(`  Recording  ${wavPath} (stereo: callee left, AI as heard right)`);
  print(`  Record     ${dataDir}/ai-calls.db (SQLite)`);
  print('');
  print('  Next: npm run simulator, and the curl lines in README.md.');
  print('');
  return isGood(record, replies);
}

/** The call has to show a greeting, an interruption, a tool, and a goodbye that was heard to its end. */
function isGood({ verdict, transcript, toolCalls }: z.infer<typeof recordSchema>, replies: readonly Reply[]): boolean {
  const goodbye = transcript.at(-1);
  const isGoodbyeHeard = goodbye?.speaker === 'assistant' && !goodbye.isInterrupted;
  const isInterrupted = transcript.some((turn) => turn.isInterrupted);
  const areToolsGood = toolCalls.length === 2 && toolCalls.every(({ outcome }) => outcome === 'ok');
  return verdict.reason === 'ai-hung-up' && isGoodbyeHeard && isInterrupted && areToolsGood && replies.length >= 3;
}

/** From the callee's last word to the reply: who took the time, one bar a reply. */
function waterfall(replies: readonly Reply[]): string[] {
  const longestMs = Math.max(...replies.map(({ latencyMs }) => latencyMs), 1);
  const cells = (ms: number): number => Math.round((ms / longestMs) * BAR_WIDTH);
  const head = `reply, from the callee's last word: ░ end of turn noticed, ▒ model and tools, █ this server`;
  const bars = replies.map(({ latencyMs, vadMs, modelMs, bridgeMs, heardAfterMs }) => {
    const bar = '░'.repeat(cells(vadMs)) + '▒'.repeat(cells(modelMs)) + '█'.repeat(Math.max(1, cells(bridgeMs)));
    const parts = `${vadMs} + ${modelMs} + ${bridgeMs} = ${latencyMs} ms, heard after ${heardAfterMs}`;
    return `${bar.padEnd(BAR_WIDTH + 2)}${parts}`;
  });
  return [head, ...bars];
}

function numbers(record: z.infer<typeof recordSchema>, type: string, field: string): number[] {
  return record.timeline.filter((entry) => entry.type === type).map((entry) => Number(entry[field]));
}

function cost(costUsd: number | null): string {
  return costUsd === null ? 'unknown' : `$${costUsd.toFixed(4)}`;
}
