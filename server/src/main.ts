// The process: environment -> settings -> server -> signals. Everything else is in app/.

import { config as loadEnvFile } from 'dotenv';
import { start } from './app/lifecycle';
import { Rejections } from './app/rejections';
import { listenProblem, prepared, StartError } from './app/start-problems';
import { DRAIN_SIGNALS, STOP_NOW_SIGNAL, StopSignals } from './app/stop-signals';
import { SYSTEM_CLOCK } from './app/system-clock';
import { ConfigError, loadConfig } from './config/config';
import { unknownSettings } from './config/unknown-settings';
import { createLogger } from './observability/logger';

async function main(): Promise<void> {
  // Whoever read what is said has gone, with the terminal for one: the calls go on.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
  // The first process of a container ignores signals that it does not ask for: from the first moment on, it does.
  const stopping = onStopSignals();
  const { parsed = {} } = loadEnvFile({ quiet: true });
  const config = loadConfig(process.env);
  const log = createLogger({ level: config.logLevel, style: process.stdout.isTTY ? 'readable' : 'json' });
  const unknown = unknownSettings({ fileNames: Object.keys(parsed), environment: process.env });
  const names = unknown.map(({ name, nearest }) => (nearest === undefined ? name : `${name} (${nearest}?)`));
  if (names.length > 0) log.warn('Names that look like settings and are no settings', { names });
  const app = await prepared(config, { log });
  const server = await start(app);
  log.info('Listening', { url: server.url, publicUrl: config.http.publicUrl });
  const exitAfter = (stopped: Promise<void>, exitCode: number): void => {
    stopped.then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log.error('Stopping failed', { error });
        process.exit(1);
      },
    );
  };
  stopping.tell = (signal) => {
    log.info('Signal received', { signal });
    exitAfter(signal === STOP_NOW_SIGNAL ? server.stopNow() : server.stop(config.drainSeconds * 1000), 0);
  };
  const rejections = new Rejections(app.clock);
  // What fails within a call ends that call. A fault that gets as far as this leaves the state in doubt: hang up, end.
  process.on('uncaughtException', (error: unknown) => {
    log.error('A fault that nobody caught, stopping', { error });
    exitAfter(server.stopNow(), 1);
  });
  process.on('unhandledRejection', (error: unknown) => {
    log.error('A rejection that nobody handled', { error });
    if (rejections.add() === 'too-many') exitAfter(server.stopNow(), 1);
  });
}

/** Until there is somebody to tell, nothing has begun that would have to end first. */
function onStopSignals(): { tell: (signal: NodeJS.Signals) => void } {
  const stopping = { tell: (): void => process.exit(0) } as ReturnType<typeof onStopSignals>;
  const signals = new StopSignals(SYSTEM_CLOCK);
  for (const signal of [...DRAIN_SIGNALS, STOP_NOW_SIGNAL] as const) {
    process.on(signal, () => {
      if (signals.add(signal) === 'told') stopping.tell(signal);
    });
  }
  return stopping;
}

/** What only the settings or the surroundings can mend: a stack would say nothing about it. */
function problemOf(error: unknown): string | undefined {
  return error instanceof ConfigError || error instanceof StartError ? error.message : listenProblem(error);
}

main().catch((error: unknown) => {
  console.error(problemOf(error) ?? error);
  process.exitCode = 1;
});
