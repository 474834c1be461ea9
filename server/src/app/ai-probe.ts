// Asks OpenAI whether the account of this server can be used, as a call would find it.

import type { EndCall } from '../calls/end-call';
import type { Config } from '../config/config';
import { probeAi } from '../realtime/ai-probe';
import type { RealtimeDeps } from '../realtime/realtime-socket';

// Nobody is called: the id that stands for the person called stands for nobody.
const NOBODY = 'probe';

/** The probe of a server's account. */
export function aiProbe(openai: Config['openai'], deps: RealtimeDeps): () => Promise<EndCall | undefined> {
  return () => probeAi({ ...openai, safetyIdentifier: NOBODY }, deps);
}
