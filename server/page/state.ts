// Everything that the page shows, as one value, and how it changes. Pure: no requests, no elements.

import { type CallStory, EMPTY_STORY, withEvent } from './call-story.ts';
import type { Link } from './follow.ts';
import type { CallDetails, CallEvent, LiveCall, LiveSnapshot, PastCall, PastPage, Readiness } from './wire.ts';

/** What is shown. */
export type PageState = {
  /** `asking` until the server has said whether it knows us. */
  readonly access: 'asking' | 'refused' | 'granted';
  /** Why a key is asked for. */
  readonly accessNotice: string;
  readonly hasKey: boolean;
  readonly link: Link;
  /** Why there is no connection, in the words of the server; empty when it said nothing. */
  readonly linkNotice: string;
  /** Since when there is none, by the clock of this page. */
  readonly lostAtMs: number | undefined;
  /** By how much the server's clock is ahead of this one. */
  readonly aheadMs: number;
  readonly live: readonly LiveCall[];
  readonly isLiveKnown: boolean;
  readonly past: readonly PastCall[];
  readonly isPastKnown: boolean;
  readonly nextCursor: string | null;
  /** Null, as undefined of readiness: not known. */
  readonly todayUsd: number | null;
  readonly readiness: Readiness | undefined;
  readonly chosenId: string | undefined;
  readonly details: CallDetails | undefined;
  readonly story: CallStory;
  /** What went wrong with the chosen call, in words. */
  readonly trouble: string;
  /** What went wrong with the list of earlier calls, in words. */
  readonly listTrouble: string;
};

/** Something that changes what is shown. */
export type Change =
  | { readonly type: 'access.refused'; readonly notice: string }
  | { readonly type: 'access.granted'; readonly hasKey: boolean }
  | { readonly type: 'link.changed'; readonly link: Link; readonly nowMs: number; readonly notice?: string }
  | { readonly type: 'live.told'; readonly snapshot: LiveSnapshot; readonly nowMs: number }
  | { readonly type: 'past.told'; readonly page: PastPage; readonly isOlder: boolean }
  | { readonly type: 'today.told'; readonly usd: number | null }
  | { readonly type: 'readiness.told'; readonly readiness: Readiness | undefined }
  | { readonly type: 'call.chosen'; readonly callId: string | undefined }
  | { readonly type: 'call.told'; readonly details: CallDetails }
  | { readonly type: 'call.happened'; readonly callId: string; readonly events: readonly CallEvent[] }
  | { readonly type: 'trouble.told' | 'list.troubled'; readonly words: string };

/** What is shown before anything is known. */
export const INITIAL_STATE: PageState = {
  access: 'asking',
  accessNotice: '',
  hasKey: false,
  link: 'connecting',
  linkNotice: '',
  lostAtMs: undefined,
  aheadMs: 0,
  live: [],
  isLiveKnown: false,
  past: [],
  isPastKnown: false,
  nextCursor: null,
  todayUsd: null,
  readiness: undefined,
  chosenId: undefined,
  details: undefined,
  story: EMPTY_STORY,
  trouble: '',
  listTrouble: '',
};

/** What is shown after a change. */
export function changed(state: PageState, change: Change): PageState {
  switch (change.type) {
    case 'access.refused':
      // Nothing of what the last key was shown stays.
      return { ...INITIAL_STATE, access: 'refused', accessNotice: change.notice };
    case 'access.granted':
      return { ...state, access: 'granted', accessNotice: '', hasKey: change.hasKey };
    case 'link.changed':
      return linked(state, change);
    case 'live.told':
      return { ...state, ...told(change) };
    case 'past.told':
      return {
        ...(change.isOlder ? withOlder(state, change.page) : withNewer(state, change.page)),
        isPastKnown: true,
        listTrouble: '',
      };
    case 'today.told':
      return { ...state, todayUsd: change.usd };
    case 'readiness.told':
      return { ...state, readiness: change.readiness };
    case 'call.chosen':
      return { ...state, chosenId: change.callId, details: undefined, story: EMPTY_STORY, trouble: '' };
    case 'call.told':
      return change.details.callId === state.chosenId ? { ...state, details: change.details, trouble: '' } : state;
    case 'call.happened':
      if (change.callId !== state.chosenId) return state;
      return { ...state, story: change.events.reduce(withEvent, state.story) };
    case 'trouble.told':
      return { ...state, trouble: change.words };
    case 'list.troubled':
      return { ...state, listTrouble: change.words };
    default:
      return state;
  }
}

/** The moment that is shown: now, or when the connection was lost, as nothing later is known. */
export function shownMs({ lostAtMs }: Pick<PageState, 'lostAtMs'>, nowMs: number): number {
  return lostAtMs ?? nowMs;
}

/** Seconds since a moment of the server, by its own clock. */
export function secondsSince(iso: string, nowMs: number, { aheadMs }: Pick<PageState, 'aheadMs'>): number {
  return (nowMs + aheadMs - Date.parse(iso)) / 1000;
}

type ChangeOf<T extends Change['type']> = Extract<Change, { readonly type: T }>;

function told({ snapshot, nowMs }: ChangeOf<'live.told'>): Partial<PageState> {
  return { live: snapshot.calls, isLiveKnown: true, aheadMs: Date.parse(snapshot.at) - nowMs };
}

/** What was known goes with the connection: when it is back, it is asked for anew. */
function linked(state: PageState, { link, nowMs, notice = '' }: ChangeOf<'link.changed'>): PageState {
  if (link === 'live') return { ...state, link, linkNotice: '', lostAtMs: undefined };
  return {
    ...state,
    link,
    linkNotice: notice,
    lostAtMs: state.lostAtMs ?? nowMs,
    live: unheard(state.live),
    isLiveKnown: false,
    todayUsd: null,
    readiness: undefined,
  };
}

/** Who talks while nothing is heard of it is not known. */
function unheard(calls: readonly LiveCall[]): LiveCall[] {
  return calls.map((call) => ({ ...call, talking: 'nobody' }));
}

/** The newest come anew with each look; what was fetched behind them stays. */
function withNewer(state: PageState, page: PastPage): PageState {
  const known = new Set(state.past.map(({ callId }) => callId));
  // Between them and those that are shown are others: what is behind is fetched from these on.
  const isGap = page.nextCursor !== null && !page.calls.some(({ callId }) => known.has(callId));
  if (isGap) return { ...state, past: page.calls, nextCursor: page.nextCursor };
  const fresh = new Set(page.calls.map(({ callId }) => callId));
  const oldest = page.calls.at(-1)?.createdAt ?? '';
  const kept = state.past.filter(({ callId, createdAt }) => !fresh.has(callId) && createdAt < oldest);
  const hasMore = kept.length > 0;
  return { ...state, past: [...page.calls, ...kept], nextCursor: hasMore ? state.nextCursor : page.nextCursor };
}

function withOlder(state: PageState, page: PastPage): PageState {
  const known = new Set(state.past.map(({ callId }) => callId));
  const older = page.calls.filter(({ callId }) => !known.has(callId));
  return { ...state, past: [...state.past, ...older], nextCursor: page.nextCursor };
}
