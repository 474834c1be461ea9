// The log: winston, one JSON object a line (readable lines in a terminal), everything through the redactor.

import winston from 'winston';
import type { LogFields, Logger } from '../calls/ports';
import { redacted } from './redact';

/** How much to log, and how. */
export type LoggerSettings = {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly style: 'json' | 'readable';
};

const readable = winston.format.printf(({ timestamp, level, message, ...fields }) => {
  const rest = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
  return `${String(timestamp)} ${level} ${String(message)}${rest}`;
});

/** Makes the logger; lines go to standard output. */
export function createLogger({ level, style }: LoggerSettings): Logger {
  const format = winston.format.combine(
    winston.format.timestamp(),
    style === 'json' ? winston.format.json() : readable,
  );
  const log = winston.createLogger({ level, format, transports: [new winston.transports.Console()] });
  const write = (at: LoggerSettings['level'], message: string, fields: LogFields | undefined): void => {
    // A line that nobody reads still costs winston 2 us, and the redactor more.
    if (log.isLevelEnabled(at))
      log.log({ ...withoutReserved(redacted(fields ?? {}) as LogFields), level: at, message });
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
}

/** A field must not pass itself off as the line's own message, level or time. */
function withoutReserved(fields: LogFields): LogFields {
  const { message, level, timestamp, ...rest } = fields;
  const renamed = Object.entries({ message, level, timestamp }).filter(([, value]) => value !== undefined);
  return { ...rest, ...Object.fromEntries(renamed.map(([name, value]) => [`${name}Field`, value])) };
}

/** A logger that says nothing. */
export const SILENT_LOGGER: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
