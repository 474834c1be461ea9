// The operator's desk: signs in, keeps what is shown up to date, and does what the views ask for.

import { type KeyOrigin, NO_ANSWER_NOTICE, refusalNotice } from './access-words.ts';
import { Api, ApiError, isRefusal } from './api.ts';
import { CallView } from './call-view.ts';
import { CommandsView } from './commands-view.ts';
import { byId, setAttribute } from './dom.ts';
import { Feeds, pause } from './feeds.ts';
import { pauseMs } from './follow.ts';
import { HeaderView } from './header-view.ts';
import type { KeyStore } from './key-store.ts';
import { ListView } from './list-view.ts';
import { Looks } from './looks.ts';
import { RecordingView } from './recording-view.ts';
import { SignInView } from './sign-in-view.ts';
import { type Change, changed, INITIAL_STATE, type PageState, shownMs } from './state.ts';
import { StoryView } from './story-view.ts';
import { TalkTraces } from './talk-trace.ts';
import type { LiveSnapshot } from './wire.ts';

const TICK_MS = 250;
// What is not pushed is looked at now and then: the cost of the day, readiness, calls of other nodes.
const LOOK_EVERY_MS = 15_000;
// What happens together is looked at once.
const DETAILS_AFTER_MS = 300;

/** The page as a whole. */
export class Desk {
  readonly #keys: KeyStore;
  readonly #api = new Api((url, init) => fetch(url, { ...init, cache: 'no-store' }), document.baseURI);
  readonly #feeds = new Feeds(this.#api);
  readonly #traces = new TalkTraces();
  readonly #desk = byId('desk', HTMLElement);
  readonly #header = new HeaderView(() => this.#signOut());
  readonly #signIn = new SignInView((key) => void this.#enter(key, 'typed'));
  readonly #list = new ListView({ onChosen: (callId) => this.#choose(callId), onOlder: () => void this.#showOlder() });
  readonly #call = new CallView(() => this.#goBack());
  readonly #story = new StoryView();
  readonly #commands = new CommandsView((command, body) => this.#command(command, body));
  readonly #recording = new RecordingView((url, signal) => this.#feeds.recording(url, signal));
  #state: PageState = INITIAL_STATE;
  #session = new AbortController();
  #looks: Looks | undefined;
  #keyOrigin: KeyOrigin = 'none';
  #choice = new AbortController();
  #isDue = false;
  #detailsTimer: number | undefined;

  constructor(keys: KeyStore) {
    this.#keys = keys;
  }

  /** Begins, with the key of this tab if there is one. */
  start(): void {
    setInterval(() => this.#tick(), TICK_MS);
    setInterval(() => this.#look(), LOOK_EVERY_MS);
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#recording.draw());
    document.addEventListener('visibilitychange', () => {
      this.#tick();
      this.#look();
    });
    const key = this.#keys.read();
    void this.#enter(key, key === undefined ? 'none' : 'kept');
  }

  /** Asks the server for something that only those get who are let in, until it says yes or no. */
  async #enter(key: string | undefined, origin: KeyOrigin): Promise<void> {
    this.#end();
    const { signal } = this.#session;
    this.#api.useKey(key);
    this.#keyOrigin = origin;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        const snapshot = await this.#feeds.live();
        if (!signal.aborted) this.#begin(key, snapshot);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError) || !error.isPassing) return this.#refuse(noticeOf(error, origin));
        this.#change({ type: 'access.refused', notice: NO_ANSWER_NOTICE });
        await pause(pauseMs(failures), signal);
      }
    }
  }

  #begin(key: string | undefined, snapshot: LiveSnapshot): void {
    const { signal } = this.#session;
    const wasAtSignIn = this.#state.access === 'refused';
    if (key !== undefined) {
      this.#keys.keep(key);
      this.#keyOrigin = 'kept';
    }
    this.#looks = new Looks({
      sources: {
        readiness: () => this.#feeds.readiness(),
        past: () => this.#feeds.past(),
        todayUsd: (nowMs) => this.#feeds.todayUsd(nowMs),
      },
      signal,
      serverNowMs: () => Date.now() + this.#state.aheadMs,
      onTold: (change) => this.#change(change),
      onRefused: (error) => this.#refuse(refusalNotice(error, this.#keyOrigin)),
    });
    this.#change({ type: 'access.granted', hasKey: key !== undefined });
    void this.#followLive(signal);
    this.#showLive(snapshot);
    this.#render();
    // The field that had the focus is gone.
    if (wasAtSignIn) this.#list.focusFirst();
  }

  async #followLive(signal: AbortSignal): Promise<void> {
    const onLink = (link: PageState['link'], notice: string): void => {
      if (signal.aborted) return;
      this.#change({ type: 'link.changed', link, notice, nowMs: Date.now() });
      this.#traces.note(this.#state.live, Date.now());
      // At the beginning, and after each loss: what was known is not known any more.
      if (link === 'live') this.#look();
    };
    const onSnapshot = (snapshot: LiveSnapshot): void => {
      if (!signal.aborted) this.#showLive(snapshot);
    };
    await this.#guarded(
      () => this.#feeds.followLive(signal, { onLink, onSnapshot }),
      (words) => onLink('lost', words),
    );
  }

  #showLive(snapshot: LiveSnapshot): void {
    const nowMs = Date.now();
    const present = new Set(snapshot.calls.map(({ callId }) => callId));
    const hasEnded = this.#state.live.some(({ callId }) => !present.has(callId));
    this.#traces.note(snapshot.calls, nowMs);
    this.#change({ type: 'live.told', snapshot, nowMs });
    if (hasEnded) this.#look();
  }

  /** Brings up to date what nobody pushes. */
  #look(): void {
    if (this.#state.access === 'granted' && !document.hidden) void this.#looks?.now();
  }

  async #showOlder(): Promise<void> {
    const { nextCursor } = this.#state;
    if (nextCursor === null) return;
    const { signal } = this.#session;
    await this.#guarded(
      async () => {
        const page = await this.#feeds.past(nextCursor);
        // The list may have begun anew meanwhile: this is not what comes behind it.
        const isNext = !signal.aborted && this.#state.nextCursor === nextCursor;
        if (isNext) this.#change({ type: 'past.told', page, isOlder: true });
      },
      (words) => this.#change({ type: 'list.troubled', words: `Older calls cannot be shown: ${words}` }),
    );
  }

  #choose(callId: string): void {
    if (callId !== this.#state.chosenId) {
      this.#endChoice();
      this.#change({ type: 'call.chosen', callId });
      void this.#followCall(callId, this.#choice.signal);
      void this.#showDetails(callId);
    }
    this.#render();
    this.#call.focus();
  }

  #goBack(): void {
    const { chosenId } = this.#state;
    this.#endChoice();
    this.#change({ type: 'call.chosen', callId: undefined });
    this.#render();
    if (chosenId !== undefined) this.#list.focus(chosenId);
  }

  async #followCall(callId: string, signal: AbortSignal): Promise<void> {
    await this.#guarded(() =>
      this.#feeds.followCall(callId, signal, (event, isTelling) => {
        if (signal.aborted) return;
        if (event) this.#change({ type: 'call.happened', callId, events: [event] });
        if (isTelling) this.#showDetailsSoon(callId);
      }),
    );
  }

  #showDetailsSoon(callId: string): void {
    this.#detailsTimer ??= window.setTimeout(() => {
      this.#detailsTimer = undefined;
      if (this.#state.chosenId === callId) void this.#showDetails(callId);
    }, DETAILS_AFTER_MS);
  }

  async #showDetails(callId: string): Promise<void> {
    const { signal } = this.#choice;
    // What is found of one call, or goes wrong with it, is not told of another.
    const tell = (change: Change): void => void (signal.aborted || this.#change(change));
    await this.#guarded(
      async () => tell({ type: 'call.told', details: await this.#feeds.details(callId) }),
      (words) => tell({ type: 'trouble.told', words }),
    );
  }

  async #command(command: 'interrupt' | 'say' | 'hangup', body?: unknown): Promise<string> {
    const { chosenId } = this.#state;
    if (chosenId === undefined) return '';
    try {
      const answer = await this.#feeds.command<{ readonly interrupted?: boolean }>(chosenId, command, body);
      if (command === 'say') return 'The AI will say it.';
      if (command === 'hangup') return 'Hanging up.';
      return answer.interrupted ? 'The AI is silent.' : 'The AI was not talking.';
    } catch (error) {
      if (isRefusal(error)) this.#refuse(refusalNotice(error, this.#keyOrigin));
      throw error;
    }
  }

  /** What went wrong is told; a key that is not taken any more leads back to the sign-in. */
  async #guarded(
    task: () => Promise<void>,
    tell = (words: string): void => this.#change({ type: 'trouble.told', words }),
  ): Promise<void> {
    const { signal } = this.#session;
    try {
      await task();
    } catch (error) {
      if (signal.aborted) return;
      if (isRefusal(error)) this.#refuse(refusalNotice(error, this.#keyOrigin));
      else tell(error instanceof Error ? error.message : '');
    }
  }

  #signOut(): void {
    this.#refuse('You are signed out.');
  }

  #refuse(notice: string): void {
    this.#end();
    this.#keys.forget();
    this.#api.useKey(undefined);
    this.#traces.note([], 0);
    this.#change({ type: 'access.refused', notice });
  }

  #end(): void {
    this.#session.abort();
    this.#session = new AbortController();
    this.#endChoice();
  }

  #endChoice(): void {
    this.#choice.abort();
    this.#choice = new AbortController();
    window.clearTimeout(this.#detailsTimer);
    this.#detailsTimer = undefined;
  }

  /** Shown with the next frame, together with whatever else changes until then. */
  #change(change: Change): void {
    this.#state = changed(this.#state, change);
    if (this.#isDue) return;
    this.#isDue = true;
    // A tab in the background gets no frames, and has to be right when it is looked at.
    if (document.hidden) queueMicrotask(() => this.#render());
    else requestAnimationFrame(() => this.#render());
  }

  #render(): void {
    this.#isDue = false;
    const [state, nowMs] = [this.#state, shownMs(this.#state, Date.now())];
    this.#header.show(state);
    this.#signIn.show(state);
    this.#desk.hidden = state.access !== 'granted';
    setAttribute(this.#desk, 'data-link', state.link);
    this.#list.show(state, nowMs);
    this.#call.show(state, nowMs);
    this.#commands.show(state);
    this.#story.show(state);
    this.#recording.show(state);
    this.#draw(nowMs);
  }

  #tick(): void {
    if (document.hidden || this.#state.access !== 'granted') return;
    const nowMs = shownMs(this.#state, Date.now());
    this.#list.show(this.#state, nowMs);
    this.#call.show(this.#state, nowMs);
    this.#draw(nowMs);
  }

  #draw(nowMs: number): void {
    if (this.#state.access !== 'granted') return;
    this.#list.drawTraces(this.#traces, nowMs);
    this.#call.drawTrace(this.#traces, this.#state, nowMs);
  }
}

function noticeOf(error: unknown, origin: KeyOrigin): string {
  return error instanceof ApiError ? refusalNotice(error, origin) : 'Something went wrong in this page. Load it again.';
}
