// The call of the demo, as data: what is asked of the server, and what the callee does.

import type { PhoneScript } from '../simulator/simulated-telnyx/phone-script';

/** Body of the demo's POST /api/ai-calls/create; `calendarUrl` is the user's own server. */
export function demoRequest(calendarUrl: string): Readonly<Record<string, unknown>> {
  return {
    to: '+12025550123',
    instructions: 'You are the assistant of Bright Smile Dental. Confirm or move the appointment of tomorrow at three.',
    tools: [
      {
        name: 'find_free_times',
        description: 'Tells which times of a week are free.',
        parameters: { type: 'object', properties: { week: { type: 'string' } }, required: ['week'] },
        url: calendarUrl,
      },
    ],
    record: true,
  };
}

/** Listens, asks the way, cuts in, agrees to a new appointment, and lets the AI say goodbye and hang up. */
export const DEMO_CALLEE: PhoneScript = {
  ringMs: 1_500,
  steps: [
    { do: 'wait-for-speech' },
    { do: 'wait-for-silence', silenceMs: 1_000 },
    { do: 'say', clip: 'callee-question' },
    { do: 'wait-for-speech' },
    { do: 'wait', ms: 3_200 },
    { do: 'say', clip: 'callee-interrupt' },
    { do: 'wait-for-speech' },
    { do: 'wait-for-silence', silenceMs: 1_000 },
    { do: 'say', clip: 'callee-yes' },
    // Longer than any goodbye: the AI hangs up before.
    { do: 'wait', ms: 20_000 },
    { do: 'hang-up' },
  ],
};
