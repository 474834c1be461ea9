// What the callee notices of an AI that says nothing, fails to answer, or may not work any more.

import { aiFailures } from '../../src/simulator/simulated-openai/ai-failures';
import type { AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import { endsAs, GOES_ON, tryFaults } from './fault-cases';

const LONG: AiTurn = { say: [{ toneHz: 900, ms: 2_400, text: 'Let me explain that at some length.' }], speedup: 3 };
const failing = (fail: NonNullable<AiTurn['fail']>): AiTurn => ({ fail });

tryFaults([
  {
    fault: 'greeting stalled',
    script: { greeting: { ...LONG, breaks: { afterMs: 0, how: 'stall' } } },
    stages: { opening: GOES_ON },
  },
  { fault: 'greeting never made', script: { greeting: { unanswered: true } }, stages: { opening: GOES_ON } },
  { fault: 'answer never made', script: { answer: { unanswered: true } }, stages: { 'caller speaking': GOES_ON } },
  {
    fault: 'answer stalled before its first word',
    script: { answer: { ...LONG, breaks: { afterMs: 0, how: 'stall' } } },
    stages: { 'caller speaking': GOES_ON },
  },
  {
    fault: 'answer stalled in mid-sentence',
    script: { answer: { ...LONG, breaks: { afterMs: 800, how: 'stall' } } },
    stages: { 'AI speaking': GOES_ON },
  },
  {
    fault: 'answer failed, rate limited',
    script: { answer: failing(aiFailures.rateLimit(300)) },
    stages: { 'caller speaking': GOES_ON },
  },
  {
    fault: 'answer failed, server error',
    script: { answer: failing(aiFailures.serverError()) },
    stages: { 'caller speaking': GOES_ON },
  },
  {
    fault: 'every answer failed',
    script: { answer: failing(aiFailures.serverError()), later: failing(aiFailures.serverError()) },
    stages: { 'caller speaking': endsAs('failed', 'ai-failed') },
  },
  {
    fault: 'account without money, told in a response',
    script: { answer: failing(aiFailures.insufficientQuota()), later: failing(aiFailures.insufficientQuota()) },
    stages: { 'caller speaking': endsAs('failed', 'ai-unauthorized') },
  },
  {
    fault: 'account without money, told in an error',
    strike: ({ session }) => session.emitError(aiFailures.insufficientQuota()),
    stages: { ringing: endsAs('failed', 'ai-unauthorized'), 'AI speaking': endsAs('failed', 'ai-unauthorized') },
  },
  {
    fault: 'connection dropped, account without money',
    strike: ({ session, bridge }) => {
      bridge.openai.outage = { kind: 'insufficient-quota' };
      session.drop();
    },
    stages: { 'AI speaking': endsAs('failed', 'ai-unauthorized') },
  },
]);
