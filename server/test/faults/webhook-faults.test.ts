// What comes of a call whose webhooks are lost, doubled, reordered or late: nothing that anybody would notice.

import { type Fault, GOES_ON, GOODBYE_SAID, tryFaults, whileTalking } from './fault-cases';
import type { Scene } from './scene';

const EVERYWHERE: Fault['stages'] = {
  dialing: GOES_ON,
  ringing: GOES_ON,
  ...whileTalking(GOES_ON),
  ending: GOODBYE_SAID,
};

const LATE_MS = 400;

/** Webhooks of the subject's leg, from now on. */
function ofSubject(scene: Scene): (eventType: string, carrierCallId: string) => boolean {
  return (_eventType, carrierCallId) => scene.isSubject(carrierCallId);
}

tryFaults([
  {
    fault: 'webhooks lost from now on',
    strike: (scene) => {
      scene.bridge.telnyx.webhookFaults.drop = ofSubject(scene);
    },
    stages: EVERYWHERE,
  },
  {
    fault: 'webhooks doubled from now on',
    strike: (scene) => {
      scene.bridge.telnyx.webhookFaults.duplicate = ofSubject(scene);
    },
    stages: EVERYWHERE,
  },
  {
    fault: 'webhooks reordered from now on',
    strike: (scene) => {
      scene.bridge.telnyx.webhookFaults.reorder = ofSubject(scene);
    },
    stages: EVERYWHERE,
  },
  {
    fault: 'webhooks late from now on',
    strike: (scene) => {
      scene.bridge.telnyx.webhookFaults.delayMs = (_type, id) => (scene.isSubject(id) ? LATE_MS : 0);
    },
    stages: EVERYWHERE,
  },
  {
    fault: 'webhooks before the answer to the dial',
    arm: ({ bridge }) => {
      bridge.telnyx.webhookFaults.beforeDialResponse = true;
    },
    stages: { ringing: GOES_ON },
  },
]);
