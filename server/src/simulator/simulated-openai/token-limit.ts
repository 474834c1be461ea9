// What `max_output_tokens` leaves of a response: the model stops in the middle of a word, and the response ends incomplete.

import { outputAudioTokens, textTokens } from './conversation';
import type { PlanStep } from './response-plan';

/** Returns the plan as far as the tokens go; an item that they do not suffice for ends incomplete. */
export function cutAtTokens(plan: readonly PlanStep[], limit: number): readonly PlanStep[] {
  const audioMs = new Map<number, number>();
  const text = new Map<number, string>();
  for (const [index, step] of plan.entries()) {
    if (step.kind === 'audio') audioMs.set(step.outputIndex, (audioMs.get(step.outputIndex) ?? 0) + step.ms);
    if (step.kind === 'text') text.set(step.outputIndex, (text.get(step.outputIndex) ?? '') + step.delta);
    if (tokensOf(audioMs, text) > limit) return endedAt(plan, index);
  }
  return plan;
}

function tokensOf(audioMs: ReadonlyMap<number, number>, text: ReadonlyMap<number, string>): number {
  const audio = [...audioMs.values()].reduce((sum, ms) => sum + outputAudioTokens(ms), 0);
  return [...text.values()].reduce((sum, words) => sum + textTokens(words), audio);
}

/** The steps before `index`, and the end of each item that has begun and not ended there. */
function endedAt(plan: readonly PlanStep[], index: number): readonly PlanStep[] {
  const kept = plan.slice(0, index);
  const dueMs = plan[index]?.dueMs ?? 0;
  const ended = new Set(kept.filter(({ kind }) => kind === 'end').map(({ outputIndex }) => outputIndex));
  const open = kept.filter(({ kind, outputIndex }) => kind === 'start' && !ended.has(outputIndex));
  const ends = open.map(({ outputIndex }): PlanStep => ({ kind: 'end', outputIndex, dueMs, status: 'incomplete' }));
  return [...kept, ...ends];
}
