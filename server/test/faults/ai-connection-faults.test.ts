// What the callee notices when the connection to the AI is lost, at every stage of a call: as a rule, a pause.

import { endsAs, type Fault, GOES_ON, GOODBYE_SAID, tryFaults, whileTalking } from './fault-cases';

/** With the session there from the ringing on, everything comes to a good end. */
const NOT_NOTICED: Fault['stages'] = { ringing: GOES_ON, ...whileTalking(GOES_ON), ending: GOODBYE_SAID };

tryFaults([
  { fault: 'connection dropped', strike: ({ session }) => session.drop(), stages: NOT_NOTICED },
  { fault: 'session expired', strike: ({ session }) => session.expire(), stages: NOT_NOTICED },
  { fault: 'connection half-open', strike: ({ session }) => session.freeze(), stages: NOT_NOTICED },
  {
    fault: 'connection closed by a server that restarts',
    strike: ({ session }) => session.closeWith(1012, 'service restart'),
    stages: { 'AI speaking': GOES_ON, ringing: GOES_ON },
  },
  {
    fault: 'connection dropped, first reconnection refused',
    strike: ({ session, bridge }) => {
      bridge.openai.failNextConnection({ kind: 'http', status: 503 });
      session.drop();
    },
    stages: { ringing: GOES_ON, 'caller speaking': GOES_ON, 'AI speaking': GOES_ON, 'tool running': GOES_ON },
  },
  {
    fault: 'connection dropped, every reconnection refused',
    strike: ({ session, bridge }) => {
      bridge.openai.outage = { kind: 'http', status: 503 };
      session.drop();
    },
    stages: whileTalking(endsAs('failed', 'ai-connection-lost')),
  },
  {
    fault: 'first connection refused',
    arm: ({ bridge }) => bridge.openai.failNextConnection({ kind: 'http', status: 503 }),
    stages: { ringing: GOES_ON },
  },
  {
    fault: 'every connection refused',
    arm: ({ bridge }) => {
      bridge.openai.outage = { kind: 'reset' };
    },
    stages: { dialing: endsAs('failed', 'ai-unavailable') },
  },
]);
