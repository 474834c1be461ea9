// Numbers, times and money as a person reads them; always the same width for the same kind, so that nothing jumps.

/** What stands where nothing is known. */
export const UNKNOWN = '–';

const NORTH_AMERICAN = /^\+1(\d{3})(\d{3})(\d{4})$/;

/** 3:07 or 1:03:07. */
export function duration(ofSeconds: number): string {
  const whole = Math.max(0, Math.floor(ofSeconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Dollars; below one of them with the fractions of a cent that a call costs by the minute. */
export function usd(amount: number | null | undefined): string {
  if (amount === null || amount === undefined) return UNKNOWN;
  return `$${amount.toFixed(amount < 1 ? 4 : 2)}`;
}

/** Milliseconds as seconds: 0.62 s. */
export function seconds(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? UNKNOWN : `${(ms / 1000).toFixed(2)} s`;
}

/** A number with gaps where they are known, else as it is. */
export function phone(number: string): string {
  return number.replace(NORTH_AMERICAN, '+1 $1 $2 $3');
}

/** The time of day, here: 14:05:09. */
export function timeOfDay(iso: string): string {
  const date = new Date(iso);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

/** Today the time, before that the day too: 2026-11-20 14:05. */
export function moment(iso: string, nowMs: number): string {
  const date = new Date(iso);
  const day = dayOf(date);
  return day === dayOf(new Date(nowMs)) ? timeOfDay(iso) : `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** 12.3 MB. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function dayOf(date: Date): string {
  return [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
