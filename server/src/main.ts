// The process: environment -> settings -> server -> signals. Everything else is in app/.

import { config as loadEnvFile } from 'dotenv';
import { compose } from './app/compose';
import { start } from './app/lifecycle';
import { ConfigError, loadConfig } from './config/config';
import { createLogger } from './observability/logger';

async function main(): Promise<void> {
  loadEnvFile({ quiet: true });
  const config = loadConfig(process.env);
  const log = createLogger({ level: config.logLevel, style: process.stdout.isTTY ? 'readable' : 'json' });
  const app = await compose(config, { log });
  const server = await start(app);
  log.info('Listening', { url: server.url, publicUrl: config.http.publicUrl });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.info('Signal received', { signal });
      void server.stop(config.drainSeconds * 1000).then(() => process.exit(0));
    });
  }
  // A fault that nobody caught leaves the state in doubt: hang up what is live, then end.
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(fault, (error: unknown) => {
      log.error('A fault that nobody caught, stopping', { fault, error });
      void server.stop(0).finally(() => process.exit(1));
    });
  }
}

function isAddressInUse(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError || isAddressInUse(error) ? error.message : error);
  process.exitCode = 1;
});
