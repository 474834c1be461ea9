/** Ready-made scripts: the call of the demo, and an everyday conversation for `npm run simulator`. */
import { voices } from '../voices/voices';
import type { AiScript } from './ai-script';

/**
 * The demo's call: a greeting, directions that the callee interrupts, a look into the calendar by the tool
 * `find_free_times`, a new appointment, and a goodbye that calls `end_call`. It expects the callee to say
 * callee-question, callee-interrupt and callee-yes.
 */
export const demoAiScript: AiScript = {
  turns: [
    { say: [{ clip: 'ai-greeting' }] },
    { say: [{ clip: 'ai-long' }] },
    { functionCalls: [{ name: 'find_free_times', arguments: '{"week":"this week"}' }] },
    { say: [{ clip: 'ai-reschedule' }] },
    {
      say: [{ clip: 'ai-goodbye' }],
      functionCall: { name: 'end_call', arguments: '{"reason":"The appointment was moved to Thursday at ten."}' },
    },
  ],
  // Nothing more to say after the goodbye, whatever is asked for.
  otherwise: {},
  hears: ['callee-question', 'callee-interrupt', 'callee-yes'].map(textOf),
};

/** Greets, then answers every turn of the callee for as long as the call lasts. */
export const everydayAiScript: AiScript = {
  turns: [{ say: [{ clip: 'ai-greeting' }] }],
  otherwise: { say: [{ clip: 'ai-acknowledge' }] },
};

function textOf(name: string): string {
  return voices.get(name)?.text ?? '';
}
