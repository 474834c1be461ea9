// The process: environment -> settings -> server -> signals. Everything else is in app/.

import { config as loadEnvFile } from 'dotenv';
import { compose } from './app/compose';
import { start } from './app/lifecycle';
import { RecordsNotOpenedError } from './app/records';
import { Rejections } from './app/rejections';
import { ConfigError, loadConfig } from './config/config';
import { createLogger } from './observability/logger';

/** The host or the port is not to be had. */
const LISTEN_CODES: ReadonlySet<unknown> = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND']);

async function main(): Promise<void> {
  loadEnvFile({ quiet: true });
  const config = loadConfig(process.env);
  const log = createLogger({ level: config.logLevel, style: process.stdout.isTTY ? 'readable' : 'json' });
  const app = await compose(config, { log });
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
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.info('Signal received', { signal });
      exitAfter(server.stop(config.drainSeconds * 1000), 0);
    });
  }
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

/** What only the settings or the surroundings can mend: a stack would say nothing about it. */
function isNoFaultOfOurs(error: unknown): error is Error {
  if (error instanceof ConfigError || error instanceof RecordsNotOpenedError) return true;
  return error instanceof Error && 'code' in error && LISTEN_CODES.has(error.code);
}

main().catch((error: unknown) => {
  console.error(isNoFaultOfOurs(error) ? error.message : error);
  process.exitCode = 1;
});
