// What comes of a call when something is wrong in the server itself or around it: its database, its own code, its end.

import Libsql from 'libsql';
import { Client } from 'pg';
import type { Logger } from '../../src/calls/ports';
import { isPostgresUrl } from '../../src/store/database';
import { SILENT_LOGGER } from '../../src/observability/logger';
import { type Expected, endsAs, type Fault, GOES_ON, GOODBYE_SAID, tryFaults, whileTalking } from './fault-cases';
import { until } from '../support/until';
import type { Scene } from './scene';

const DATABASE_DOWN_MS = 1_500;

const EVERYWHERE: Fault['stages'] = {
  dialing: GOES_ON,
  ringing: GOES_ON,
  ...whileTalking(GOES_ON),
  ending: GOODBYE_SAID,
};

const STOPPED: Expected = endsAs('failed', 'server-stopping');

/** Nobody can write for a while: another one has the only lock. */
async function blockDatabase({ databasePlace }: Scene): Promise<void> {
  const release = isPostgresUrl(databasePlace) ? await lockTables(databasePlace) : await lockFile(databasePlace);
  setTimeout(() => {
    void Promise.resolve(release());
  }, DATABASE_DOWN_MS);
}

async function lockFile(path: string): Promise<() => void> {
  const file = new Libsql(path);
  await until(() => isTaken(file));
  return () => {
    file.exec('ROLLBACK');
    file.close();
  };
}

/** The server, in this process, may be in the middle of a write: it gets on with it only if nobody waits for it here. */
function isTaken(file: Libsql.Database): boolean {
  try {
    file.exec('BEGIN IMMEDIATE');
    return true;
  } catch {
    // Not yet.
    return false;
  }
}

async function lockTables(url: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('begin');
  await client.query('lock table calls, call_events, turns in access exclusive mode');
  return async () => {
    await client.query('rollback');
    await client.end();
  };
}

/** A fault in the middle of our own code, where it deals with an event of the AI's. */
const FAULTY_LOGGER: Logger = {
  ...SILENT_LOGGER,
  warn: (message) => {
    if (message === 'A realtime event could not be read') throw new TypeError('This is a bug.');
  },
};

function sendNonsense({ session }: Scene): void {
  session.emit({ type: 'response.done', response: 5 });
  session.emit({ type: 'response.output_audio.delta', response_id: 1, item_id: null, delta: {} });
  session.emit({ type: 'conversation.item.input_audio_transcription.completed', transcript: 7 });
  session.emit({ type: 'input_audio_buffer.speech_stopped' });
  session.emit({ type: 'error', error: null });
  session.emit({ type: 'no.such.event' });
}

tryFaults([
  { fault: 'database down for a while', strike: blockDatabase, stages: EVERYWHERE },
  {
    fault: 'a watcher of calls throws',
    strike: ({ bridge }) => {
      const onEntry = bridge.onEntry.bind(bridge);
      bridge.onEntry = (entry, call) => {
        onEntry(entry, call);
        throw new Error('This is a bug.');
      };
    },
    stages: { dialing: GOES_ON, 'AI speaking': GOES_ON },
  },
  {
    fault: 'events that make no sense',
    strike: sendNonsense,
    stages: { 'caller speaking': GOES_ON, 'AI speaking': GOES_ON },
  },
  {
    fault: 'a throw in the code of one call',
    log: FAULTY_LOGGER,
    strike: sendNonsense,
    stages: { ringing: endsAs('failed', 'internal-error'), ...whileTalking(endsAs('failed', 'internal-error')) },
  },
  {
    fault: 'server stopped without time to drain',
    strike: ({ bridge }) => void bridge.stopServer(),
    bystander: 'ends, too',
    stages: { dialing: STOPPED, ringing: STOPPED, ...whileTalking(STOPPED) },
  },
]);
