// The log: winston, one JSON object a line (readable lines in a terminal), everything through the redactor.

import winston from 'winston';
import type { LogFields, Logger } from '../calls/ports';
import { readableLine } from './readable-line';
import { redacted } from './redact';

/** How much to log, and how. */
export type LoggerSettings = {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly style: 'json' | 'readable';
  /** Whether readable lines may have colours; by default, when the terminal has them and NO_COLOR is not set. */
  readonly hasColours?: boolean | undefined;
};

/** Makes the logger; lines go to standard output. */
export function createLogger({ level, style, hasColours = terminalHasColours() }: LoggerSettings): Logger {
  const format = winston.format.combine(
    winston.format.timestamp(),
    style === 'json' ? JSON_LINE : readable(hasColours),
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

// Winston's own sorts by name, so that what one looks for stands in another place of each line.
const JSON_LINE = winston.format.printf(({ timestamp, level, message, callId, ...fields }) =>
  JSON.stringify({ timestamp, level, message, callId, ...fields }, (_name, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  ),
);

function readable(hasColours: boolean): winston.Logform.Format {
  return winston.format.printf(({ timestamp, level, message, ...fields }) =>
    readableLine({ timestamp: String(timestamp), level, message: String(message), fields }, hasColours),
  );
}

/** Node itself looks at NO_COLOR, FORCE_COLOR and TERM; only a terminal has the method. */
function terminalHasColours(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors();
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
