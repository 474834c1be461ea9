// One line of the log for a person: the time, what happened, in which call, and the facts. A call is known by the first
// letters of its id, each in a colour of its own, so that one of several can be followed. What was to be expected (a carrier
// that does not answer) comes without its stack, which the JSON form has.

import { HIDDEN } from './redact';

const DAY_LENGTH = 'YYYY-MM-DDT'.length;
const TIME_LENGTH = 'HH:MM:SS.mmm'.length;
const CALL_LENGTH = 8;
const MESSAGE_WIDTH = 22;

/** Fields that say nothing to a person who has the id of the call. */
const LEFT_OUT = new Set(['callId', 'carrierCallId']);

const PLAIN = /^[\w.:/+[\]-]+$/;

// Whatever moves the cursor or changes colours stays text. JSON escapes the lower ones, not these.
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]/g;

const DIM = 2;
const LEVEL_COLOURS: Readonly<Record<string, number>> = { error: 31, warn: 33, info: 32, debug: 2 };
const CALL_COLOURS = [36, 35, 34, 32, 33, 96, 95, 94];

type Paint = (colour: number, text: string) => string;

/** A line of the log. */
export type LogLine = {
  readonly timestamp: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** Puts a line into the form for a terminal; the stack of a fault follows on lines of its own. */
export function readableLine({ timestamp, level, message, fields }: LogLine, hasColours: boolean): string {
  const paint: Paint = (colour, text) => (hasColours ? `\u001B[${colour}m${text}\u001B[0m` : text);
  const stacks: string[] = [];
  const parts = [
    paint(DIM, timestamp.slice(DAY_LENGTH, DAY_LENGTH + TIME_LENGTH)),
    paint(LEVEL_COLOURS[level] ?? DIM, level.padEnd(5)),
    callMark(fields['callId'], paint),
    safe(message).padEnd(MESSAGE_WIDTH),
    ...Object.entries(fields).flatMap(([name, value]) => {
      if (LEFT_OUT.has(name) || value === undefined) return [];
      return [`${paint(DIM, `${safe(name)}=`)}${shown(name, value, stacks)}`];
    }),
  ];
  return [parts.join(' ').trimEnd(), ...(level === 'error' ? stacks : []).map((stack) => paint(DIM, stack))].join('\n');
}

/** Lines without a call keep its place free, so that what happened stands in one column. */
function callMark(callId: unknown, paint: Paint): string {
  if (typeof callId !== 'string') return ' '.repeat(CALL_LENGTH);
  const mark = safe(callId).slice(0, CALL_LENGTH).padEnd(CALL_LENGTH);
  const sum = Buffer.from(mark).reduce((total, byte) => total + byte, 0);
  return paint(CALL_COLOURS[sum % CALL_COLOURS.length] ?? DIM, mark);
}

function shown(name: string, value: unknown, stacks: string[]): string {
  if (!isRecord(value)) return shownValue(value);
  if (typeof value['stack'] === 'string') return shownError(value, stacks);
  if (name === 'charge') return `(${shownCharge(value)})`;
  return name === 'verdict' ? shownVerdict(value) : `(${shownFields(value)})`;
}

/** Lists and what lies deeper are in the JSON form: a line is for looking at. */
function shownValue(value: unknown): string {
  if (Array.isArray(value))
    return value.every((part) => typeof part === 'string') ? safe(json(value)) : `[${value.length}]`;
  if (isRecord(value)) return '{…}';
  return typeof value === 'string' && PLAIN.test(value) ? value : safe(json(value));
}

/** Moments have their place at the beginning of a line, and what is hidden needs none. */
function shownFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([name, value]) => value !== undefined && value !== HIDDEN && !name.endsWith('AtMs'))
    .map(([name, value]) => `${safe(name)}=${shownValue(value)}`)
    .join(' ');
}

/** The reason first: it is what one looks for. */
function shownVerdict({ reason, message, status, details, ...rest }: Readonly<Record<string, unknown>>): string {
  // Both follow from the reason, and the status stands before it.
  void [message, status];
  return `${shownValue(reason)} (${shownFields({ ...rest, ...(isRecord(details) ? details : {}) })})`;
}

/** What it was for, and what it has cost; a sum that is not known has no figure. */
function shownCharge({ source, model, items }: Readonly<Record<string, unknown>>): string {
  const amounts = Array.isArray(items) ? items.map((item: unknown) => (isRecord(item) ? item['amountUsd'] : null)) : [];
  const sum = amounts.reduce<number>((total, usd) => total + (typeof usd === 'number' ? usd : NaN), 0);
  return shownFields({ source, model, usd: Number.isNaN(sum) ? 'unknown' : Number(sum.toFixed(6)) });
}

function shownError(error: Readonly<Record<string, unknown>>, stacks: string[]): string {
  const { name, message, stack, cause } = error;
  const frames = String(stack)
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  stacks.push(...frames.map((line) => `    ${safe(line.trim())}`));
  const because = isRecord(cause) ? ` <- ${shown('cause', cause, stacks)}` : '';
  return `${safe(JSON.stringify(`${String(name)}: ${String(message)}`))}${because}`;
}

function json(value: unknown): string {
  return (
    JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? 'undefined'
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function safe(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
