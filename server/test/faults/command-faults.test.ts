// What comes of a call when the carrier's API refuses, fails or hangs: at the dial, at the hang-up, altogether.

import type { Failure } from '../../src/simulator/simulated-telnyx/failures';
import { endsAs, type Expected, type Fault, GOES_ON, tryFaults, whileTalking } from './fault-cases';

const API_CANCELED = endsAs('canceled', 'api-canceled');
const API_HUNG_UP: Expected = endsAs('completed', 'api-hung-up');
const HUNG_UP: Fault['stages'] = { dialing: API_CANCELED, ringing: API_CANCELED, ...whileTalking(API_HUNG_UP) };

const DOWN: Failure = { kind: 'status', httpStatus: 500 };
const OUTAGE_MS = 1_200;

function failHangUps(failure: Failure, times: number): Fault['strike'] {
  return (scene) => {
    scene.bridge.telnyx.failNext('hangup', failure, times);
    scene.hangUpSubject();
  };
}

tryFaults([
  {
    fault: 'dial refused',
    arm: ({ bridge }) => bridge.telnyx.failNext('dial', { kind: 'status', httpStatus: 403, code: '10010' }),
    stages: { dialing: endsAs('failed', 'carrier-refused') },
  },
  {
    fault: 'dial fails twice',
    arm: ({ bridge }) => bridge.telnyx.failNext('dial', DOWN, 2),
    stages: { dialing: endsAs('failed', 'carrier-unavailable') },
  },
  {
    fault: 'dial hangs twice',
    arm: ({ bridge }) => bridge.telnyx.failNext('dial', { kind: 'hang' }, 2),
    stages: { dialing: endsAs('failed', 'dial-outcome-unknown') },
  },
  {
    fault: 'dial fails, but was carried out',
    arm: ({ bridge }) => bridge.telnyx.failNext('dial', { ...DOWN, stillPlacesCall: true }),
    stages: { dialing: GOES_ON },
  },
  {
    fault: 'answer to the dial lost',
    arm: ({ bridge }) => bridge.telnyx.failNext('dial', { kind: 'reset', stillPlacesCall: true }),
    stages: { dialing: GOES_ON },
  },
  { fault: 'hang-up fails three times', strike: failHangUps(DOWN, 3), stages: HUNG_UP },
  {
    fault: 'hang-up hangs',
    strike: failHangUps({ kind: 'hang' }, 1),
    stages: { ringing: API_CANCELED, 'AI speaking': API_HUNG_UP },
  },
  {
    fault: 'API down for a while, callee hangs up meanwhile',
    strike: ({ bridge }) => {
      bridge.telnyx.outage = { kind: 'reset' };
    },
    mend: ({ bridge }) => {
      bridge.telnyx.outage = undefined;
    },
    stages: { ringing: GOES_ON, 'caller speaking': GOES_ON, 'AI speaking': GOES_ON, 'tool running': GOES_ON },
  },
  {
    fault: 'API down for a while, hung up by REST meanwhile',
    strike: (scene) => {
      const { telnyx } = scene.bridge;
      telnyx.outage = { kind: 'reset' };
      scene.hangUpSubject();
      setTimeout(() => {
        telnyx.outage = undefined;
      }, OUTAGE_MS);
    },
    stages: { ringing: API_CANCELED, ...whileTalking(API_HUNG_UP) },
  },
]);
