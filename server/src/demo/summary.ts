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
  timeline: z.array(z.looseObject({ type: z.string() })),
});

type Surroundings = {
  readonly wavPath: string;
  readonly dataDir: string;
  readonly print: (line: string) => void;
};

/** Prints the end of the demo; returns whether the call went as it should. */
export function printSummary(answer: unknown, { wavPath, dataDir, print }: Surroundings): boolean {
  const record = recordSchema.parse(answer);
  const { usage, transcript } = record;
  const replies = numbers(record, 'reply.started', 'latencyMs');
  const greetingMs = numbers(record, 'greeting.started', 'afterStreamMs')[0];
  const tokens = usage.inputAudioTokens + usage.outputAudioTokens + usage.inputTextTokens + usage.outputTextTokens;
  print('');
  print(
    `  Status     ${styled('bold', record.status)} (${record.verdict.reason}), ${String(record.durationSeconds)} s`,
  );
  print(
    `  Said       ${transcript.length} turns, ${transcript.filter((turn) => turn.isInterrupted).length} of them interrupted`,
  );
  print(`  Latency    greeting ${String(greetingMs)} ms after the line was open`);
  print(
    `             replies ${replies.join(', ')} ms after the AI noticed the end of the turn (by 500 ms of silence)`,
  );
  print(
    `  Cost       ${cost(usage.costUsd)} for ${tokens} tokens in ${usage.responses} responses (simulated usage, real prices)`,
  );
  print(`  Recording  ${wavPath} (stereo: callee left, AI as heard right)`);
  print(`  Record     ${dataDir}/ai-calls.db (SQLite)`);
  print('');
  print('  Next: npm run simulator, and the curl lines in README.md.');
  print('');
  return record.status === 'completed' && transcript.some((turn) => turn.isInterrupted) && replies.length >= 3;
}

function numbers(record: z.infer<typeof recordSchema>, type: string, field: string): number[] {
  return record.timeline.filter((entry) => entry.type === type).map((entry) => Number(entry[field]));
}

function cost(costUsd: number | null): string {
  return costUsd === null ? 'unknown' : `$${costUsd.toFixed(4)}`;
}
