// What is left after the demo's call: verdict, latencies, cost, and where to look and listen.

import { join } from 'node:path';
import { z } from 'zod';
import { styled } from './style';

const costSchema = z.object({
  totalUsd: z.number().nullable(),
  items: z.array(z.object({ source: z.string(), amountUsd: z.number().nullable() })),
});

const recordSchema = z.object({
  callId: z.string(),
  status: z.string(),
  durationSeconds: z.number().nullable(),
  verdict: z.object({ reason: z.string(), message: z.string() }),
  usage: z.object({
    responses: z.number(),
    inputAudioTokens: z.number(),
    outputAudioTokens: z.number(),
    inputTextTokens: z.number(),
    outputTextTokens: z.number(),
  }),
  cost: costSchema,
  recording: z.object({ state: z.string(), durationMs: z.number() }).nullable(),
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
  readonly dataDir: string;
  readonly print: (line: string) => void;
};

/** Prints the end of the demo; returns whether the call went as it should. */
export function printSummary(answer: unknown, { dataDir, print }: Surroundings): boolean {
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
  print(`  Cost       ${usd(record.cost.totalUsd)} (simulated usage, real prices of the AI)`);
  print(`             ${spent(record, 'response')} AI, ${tokens} tokens in ${usage.responses} responses`);
  print(`             ${spent(record, 'transcription')} transcription of the callee`);
  print(`             ${spent(record, 'carrier')} phone line`);
  print(`  Recording  ${join(dataDir, 'recordings', record.callId)}.wav (stereo: callee left, AI as heard right)`);
  print(`  Record     ${dataDir}/ai-calls.db (SQLite)`);
  print('');
  print('  Next: npm run simulator, and the curl lines in README.md.');
  print('');
  return isGood(record, replies);
}

/** The call has to show a greeting, an interruption, a tool, a goodbye that was heard to its end, and its audio. */
function isGood(
  { verdict, transcript, toolCalls, recording }: z.infer<typeof recordSchema>,
  replies: readonly Reply[],
): boolean {
  const goodbye = transcript.at(-1);
  const isGoodbyeHeard = goodbye?.speaker === 'assistant' && !goodbye.isInterrupted;
  const isInterrupted = transcript.some((turn) => turn.isInterrupted);
  const areToolsGood = toolCalls.length === 2 && toolCalls.every(({ outcome }) => outcome === 'ok');
  if (recording?.state !== 'ready') return false;
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

/** What one of those who are paid gets. */
function spent({ cost }: z.infer<typeof recordSchema>, source: string): string {
  const amounts = cost.items.filter((item) => item.source === source).map(({ amountUsd }) => amountUsd);
  return usd(amounts.reduce((sum, amount) => (sum === null || amount === null ? null : sum + amount), 0));
}

function usd(amount: number | null): string {
  return amount === null ? 'unknown' : `$${amount.toFixed(4)}`;
}
