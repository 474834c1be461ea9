// The call of the demo, as data: what is asked of the server, and what the callee does.

import type { PhoneScript } from '../simulator/simulated-telnyx/phone-script';

/** Body of the demo's POST /api/ai-calls/create. */
export const DEMO_REQUEST = {
  to: '+12025550123',
  instructions: 'You are the assistant of Bright Smile Dental. Confirm or move the appointment of tomorrow at three.',
} as const;

/** Listens, asks the way, cuts in, makes a new appointment, says goodbye and hangs up. */
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
    { do: 'wait-for-speech' },
    { do: 'wait-for-silence', silenceMs: 1_000 },
    { do: 'say', clip: 'callee-goodbye' },
    { do: 'wait', ms: 1_200 },
    { do: 'hang-up' },
  ],
};
