// What the page says about itself, in its header and where a list is empty: only what is known at this moment.

import { usd } from './format.ts';
import type { PageState } from './state.ts';
import type { Readiness } from './wire.ts';

const NOT_KNOWN = 'unknown';
const NOT_KNOWN_YET = 'Not known yet.';

/** The words of the header. */
export type HeaderWords = {
  readonly live: string;
  readonly today: string;
  readonly ready: string;
  readonly readyState: Readiness['status'] | 'unknown';
  /** About the connection; empty when there is nothing to say. */
  readonly link: string;
};

/** What the header says. While the connection is lost nothing of it is known: the last answers may be wrong by now. */
export function headerWords(state: PageState): HeaderWords {
  const { link, live, isLiveKnown } = state;
  const [readiness, todayUsd] = link === 'live' ? [state.readiness, state.todayUsd] : [undefined, null];
  return {
    live: isLiveKnown ? String(live.length) : NOT_KNOWN,
    today: todayUsd === null ? NOT_KNOWN : usd(todayUsd),
    ready: readiness ? readinessWords(readiness) : NOT_KNOWN,
    readyState: readiness?.status ?? 'unknown',
    link: linkWords(state),
  };
}

/** What stands where there are no live calls. */
export function nowWords({ isLiveKnown }: PageState): string {
  return isLiveKnown ? 'Nobody is on the phone.' : NOT_KNOWN_YET;
}

/** What stands where there are no earlier calls. */
export function beforeWords({ isPastKnown }: PageState): string {
  return isPastKnown ? 'No earlier calls.' : NOT_KNOWN_YET;
}

function linkWords({ link, linkNotice }: PageState): string {
  if (link === 'live') return '';
  if (link === 'connecting') return 'Connecting…';
  return linkNotice === '' ? 'Connection lost, trying again…' : `${linkNotice} Trying again…`;
}

function readinessWords({ status, checks }: Readiness): string {
  if (status === 'ready') return 'Ready';
  const reasons = checks.filter((check) => check.status !== 'ok').map(({ name, reason }) => reason ?? name);
  return `Not ready: ${reasons.join('; ')}`;
}
