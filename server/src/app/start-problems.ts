// What keeps a server from starting although its settings are complete: looked at side by side, so that whoever mends it
// need not find one thing after the other.

import { createServer } from 'node:net';
import { type Config, ConfigError } from '../config/config';
import { type App, compose, type ComposeOptions } from './compose';
import { defaultBehaviour } from './conversations';
import { DoNotCallFile } from './do-not-call-file';
import { RecordsNotOpenedError, tryRecords } from './records';
import { SYSTEM_CLOCK } from './system-clock';

const LISTEN_CURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'PORT: something else listens there already. Stop it, or set another PORT.',
  EACCES: 'PORT: this user may not listen there. Set a PORT from 1024 on.',
  EADDRNOTAVAIL: 'HOST: no address of this machine. Set it to 127.0.0.1 or 0.0.0.0.',
  ENOTFOUND: 'HOST: no address of this machine. Set it to 127.0.0.1 or 0.0.0.0.',
};

/** What only the surroundings can mend, all of it, each with its cure. */
export class StartError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'StartError';
  }
}

/** Composes the server, once it is known that it can start. @throws StartError with all that is in its way */
export async function prepared(config: Config, options: ComposeOptions): Promise<App> {
  const problems = await problemsOf(config, options);
  if (problems.length > 0) throw new StartError(problems);
  // The database is brought up to date by this: a start in vain must not do that to a server of before that still runs.
  return compose(config, options).catch((error: unknown) => {
    throw new StartError(known(error));
  });
}

/** The port that was free a moment ago is taken: told as if it had been found before. */
export function listenProblem(error: unknown): string | undefined {
  const { code = '', message } = (error ?? {}) as NodeJS.ErrnoException;
  const cure = LISTEN_CURES[code];
  return cure === undefined ? undefined : `${cure}\n  The system said: ${message}`;
}

/** Everything is only looked at; what is wrong with one thing must not hide what is wrong with another. */
async function problemsOf(config: Config, { clock = SYSTEM_CLOCK, log }: ComposeOptions): Promise<readonly string[]> {
  const found = await Promise.all([
    attempted(() => tryRecords(config.records)),
    portProblems(config.http),
    attempted(() => defaultBehaviour(config)),
    attempted(() => DoNotCallFile.open(config.access.doNotCallFile, { clock, log })),
  ]);
  return found.flat();
}

async function attempted(work: () => unknown): Promise<readonly string[]> {
  try {
    await work();
    return [];
  } catch (error) {
    return known(error);
  }
}

function known(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  if (error instanceof RecordsNotOpenedError) return [error.message];
  throw error;
}

function portProblems({ host, port }: Config['http']): Promise<string[]> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', (error) => {
      const problem = listenProblem(error);
      resolve(problem === undefined ? [] : [problem]);
    });
    probe.listen(port, host, () => probe.close(() => resolve([])));
  });
}
