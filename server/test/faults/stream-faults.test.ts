// What comes of a call whose media stream is cut, does not come back or never comes.

import type { Failure } from '../../src/simulator/simulated-telnyx/failures';
import { endsAs, GOES_ON, tryFaults, whileTalking } from './fault-cases';

const NO_STREAM: Failure = { kind: 'status', httpStatus: 422, code: '90046', title: 'Streaming failed to start' };

// A goodbye that was cut off is taken back: the model goes on from there, and may say another one.
const TALKS_ON = whileTalking(GOES_ON);

tryFaults([
  { fault: 'stream cut', strike: ({ subject }) => subject.dropStream(), stages: TALKS_ON },
  {
    fault: 'stream cut, and back by itself',
    strike: ({ subject }) => subject.dropStream({ reconnectsAfterMs: 60 }),
    stages: TALKS_ON,
  },
  {
    fault: 'stream cut, first restart fails',
    phone: { restarts: { kind: 'fails', times: 1 } },
    strike: ({ subject }) => subject.dropStream(),
    stages: { 'caller speaking': GOES_ON, 'AI speaking': GOES_ON },
  },
  {
    fault: 'stream cut, first restart comes to nothing',
    phone: { restarts: { kind: 'never', times: 1 } },
    strike: ({ subject }) => subject.dropStream(),
    stages: { 'caller speaking': GOES_ON, 'AI speaking': GOES_ON },
  },
  {
    fault: 'stream cut for good',
    phone: { restarts: { kind: 'fails' } },
    strike: ({ subject }) => subject.dropStream(),
    stages: whileTalking(endsAs('failed', 'stream-lost')),
  },
  {
    fault: 'stream cut, restarts refused',
    strike: ({ subject, bridge }) => {
      bridge.telnyx.failNext('streaming_start', NO_STREAM, 9);
      subject.dropStream();
    },
    stages: { 'AI speaking': endsAs('failed', 'stream-lost'), 'tool running': endsAs('failed', 'stream-lost') },
  },
  { fault: 'first stream fails', phone: { stream: { kind: 'fails', times: 1 } }, stages: { ringing: GOES_ON } },
  {
    fault: 'no stream ever',
    phone: { stream: { kind: 'never' } },
    stages: { ringing: endsAs('failed', 'stream-not-started') },
  },
  {
    fault: 'no frames any more',
    strike: ({ subject }) => subject.stallStream(),
    stages: {
      'caller speaking': endsAs('failed', 'no-caller-media'),
      'AI speaking': endsAs('failed', 'no-caller-media'),
    },
  },
  {
    fault: 'call vanishes',
    strike: ({ subject }) => subject.vanish(),
    stages: {
      ringing: endsAs('no-answer', 'ring-deadline-passed'),
      ...whileTalking(endsAs('completed', 'callee-hung-up')),
    },
  },
]);
