// What to do when a machine answers: hang up, or leave a message where the machine records it. Works from the carrier's
// news of who answered and from when the announcement falls silent; whether to ask the carrier is decided at the dial.

import type { CallControls, VoiceLine } from '../calls/agent-ports';
import type { AnsweringMachineMode } from '../calls/behaviour';
import type { MachineNews } from '../calls/conversation-ports';
import type { MachineResult } from '../calls/conversation-events';
import type { Clock, Timer } from '../calls/ports';
import type { SpeechContent, SpeechOutcome } from '../calls/speech';

// Announcements pause between sentences, for less than this; many machines record from here on without a beep that
// the carrier could make out.
const QUIET_MS = 2_500;

// The carrier listens for a beep for 30 s, and its news takes a moment more. After that nothing better will come.
const WAIT_MAX_MS = 35_000;

// The last word must be on the tape before the line goes dead.
const LAST_WORD_MS = 500;

// The wait, a message of most of a minute, and no more: a machine never hangs up on us by itself.
const TOTAL_MAX_MS = 90_000;

// As long as a goodbye would have when the server stops.
const HURRY_MAX_MS = 8_000;

const MESSAGE_DIRECTIVE =
  'An answering machine is recording now. Leave a short message that fits your instructions, of at most twenty ' +
  'seconds: who is calling and why, then say goodbye. Nobody is listening, so ask no questions and wait for no answer.';

/** What the call wants done with a machine. */
export type AnsweringMachineOptions = {
  readonly mode: AnsweringMachineMode;
  /** Said exactly; without it the AI finds its own words. */
  readonly message?: string | undefined;
};

/** What the handling of a machine works with. */
export type AnsweringMachineDeps = {
  readonly clock: Clock;
  readonly line: Pick<VoiceLine, 'speak' | 'interrupt' | 'takeTurns'>;
  readonly controls: Pick<CallControls, 'end' | 'report'>;
  /** The conversation is over and a machine is dealt with from here on: everybody else leaves the line alone. */
  readonly onTakeOver: () => void;
};

type MachineKind = Extract<MachineResult, 'machine' | 'fax'>;

/** Decides whether a machine has answered, and deals with it; it never gives back what it has taken over. */
export class AnsweringMachine {
  readonly #options: AnsweringMachineOptions;
  readonly #deps: AnsweringMachineDeps;
  readonly #reported = new Set<string>();
  #stage: 'undecided' | 'human' | 'taken-over' | 'closed' = 'undecided';
  #callee: 'unheard' | 'speaking' | 'quiet' = 'unheard';
  #hasGreetingEnded = false;
  #voicemail: Voicemail | undefined;

  constructor(options: AnsweringMachineOptions, deps: AnsweringMachineDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** News of the carrier, in any order and possibly more than once. */
  onNews(news: MachineNews): void {
    const { mode } = this.#options;
    if (mode === 'off' || this.#stage === 'closed') return;
    this.#report(news);
    if (mode === 'ignore') return;
    if (news.kind === 'detected') this.#onDetected(news.result);
    else this.#onGreetingEnded(news.hasBeep);
  }

  /** The far end, whoever it is, begins to speak. */
  onCalleeStarted(): void {
    this.#callee = 'speaking';
    this.#voicemail?.onCalleeStarted();
  }

  /** The far end has stopped speaking. */
  onCalleeStopped(): void {
    this.#callee = 'quiet';
    this.#voicemail?.onCalleeStopped();
  }

  /** The server stops: a message that is being left may come to its end, none is begun. */
  hurry(): void {
    this.#voicemail?.hurry();
  }

  /** Idempotent; nothing is done or reported any more. */
  close(): void {
    this.#stage = 'closed';
    this.#voicemail?.close();
  }

  #report(news: MachineNews): void {
    const key = news.kind === 'detected' ? news.result : `beep: ${news.hasBeep}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    const { controls } = this.#deps;
    if (news.kind === 'detected') controls.report({ type: 'machine.detected', result: news.result });
    else controls.report({ type: 'machine.greeting-ended', hasBeep: news.hasBeep });
  }

  #onDetected(result: MachineResult): void {
    switch (result) {
      case 'machine':
      case 'fax':
        this.#onMachine(result);
        break;
      case 'human':
        // To hang up on a person is the worst mistake: nothing that comes later turns them into a machine.
        if (this.#stage === 'undecided') this.#stage = 'human';
        break;
      case 'not-sure':
      case 'silence':
        // The conversation goes on, and a beep can still tell.
        break;
    }
  }

  #onMachine(kind: MachineKind): void {
    // The tone of a fax may have passed for a beep.
    if (this.#stage === 'taken-over' && kind === 'fax') this.#voicemail?.onFax();
    if (this.#stage !== 'undecided') return;
    this.#takeOver(kind);
    if (this.#hasGreetingEnded) this.#voicemail?.onGreetingEnded(false);
    else if (this.#callee === 'quiet') this.#voicemail?.onCalleeStopped();
  }

  #onGreetingEnded(hasBeep: boolean): void {
    this.#hasGreetingEnded = true;
    // People do not beep: before the carrier's verdict, or instead of one, this tells what has answered.
    if (hasBeep && this.#stage === 'undecided') this.#takeOver('machine');
    this.#voicemail?.onGreetingEnded(hasBeep);
  }

  #takeOver(kind: MachineKind): void {
    const { line, controls, onTakeOver } = this.#deps;
    this.#stage = 'taken-over';
    onTakeOver();
    line.interrupt('api');
    if (this.#options.mode === 'hang-up' || kind === 'fax') {
      controls.end('machine-answered', { result: kind });
      return;
    }
    line.takeTurns('listen');
    this.#voicemail = new Voicemail(this.#options.message, this.#deps);
  }
}

/** Leaves one message on one machine: waits for its moment, speaks, and ends the call. */
class Voicemail {
  readonly #content: SpeechContent;
  readonly #deps: AnsweringMachineDeps;
  readonly #timers: Timer[];
  #stage: 'waiting' | 'speaking' | 'heard' | 'over' = 'waiting';
  #hasBeep = false;
  #hasRepeated = false;
  /** Counts the attempts to speak: what is still to come of an earlier one is worthless. */
  #attempt = 0;
  #quietTimer: Timer | undefined;

  constructor(message: string | undefined, deps: AnsweringMachineDeps) {
    this.#content =
      message === undefined ? { kind: 'directive', directive: MESSAGE_DIRECTIVE } : { kind: 'words', words: message };
    this.#deps = deps;
    this.#timers = [
      deps.clock.after(WAIT_MAX_MS, () => this.#beginWhenWaiting()),
      deps.clock.after(TOTAL_MAX_MS, () => this.#onTooLong()),
    ];
  }

  onCalleeStarted(): void {
    this.#quietTimer?.cancel();
  }

  onCalleeStopped(): void {
    this.#quietTimer?.cancel();
    if (this.#stage !== 'waiting') return;
    this.#quietTimer = this.#deps.clock.after(QUIET_MS, () => this.#beginWhenWaiting());
  }

  onGreetingEnded(hasBeep: boolean): void {
    const isFirstBeep = hasBeep && !this.#hasBeep;
    this.#hasBeep ||= hasBeep;
    if (this.#stage === 'waiting') this.#begin();
    else if (isFirstBeep && this.#stage !== 'over') this.#startOver();
  }

  onFax(): void {
    if (this.#stage === 'waiting' || this.#stage === 'speaking') this.#giveUp('fax', this.#outcomeOfCut());
  }

  hurry(): void {
    if (this.#stage === 'waiting') this.#onTooLong();
    if (this.#stage === 'speaking') this.#timers.push(this.#deps.clock.after(HURRY_MAX_MS, () => this.#onTooLong()));
  }

  close(): void {
    this.#stage = 'over';
    this.#attempt += 1;
    this.#quietTimer?.cancel();
    for (const timer of this.#timers) timer.cancel();
  }

  #beginWhenWaiting(): void {
    if (this.#stage === 'waiting') this.#begin();
  }

  /** A machine records nothing before its beep, so what was said until now is lost. */
  #startOver(): void {
    this.#deps.line.interrupt('api');
    this.#begin();
  }

  #begin(): void {
    this.#stage = 'speaking';
    this.#attempt += 1;
    void this.#speak(this.#attempt);
  }

  async #speak(attempt: number): Promise<void> {
    const outcome = await this.#deps.line.speak({ content: this.#content, isProtected: true });
    if (attempt !== this.#attempt) return;
    if (outcome === 'heard') this.#onHeard(attempt);
    else if (this.#hasRepeated) this.#giveUp('machine', outcome);
    else {
      this.#hasRepeated = true;
      this.#begin();
    }
  }

  #onHeard(attempt: number): void {
    const { clock, controls } = this.#deps;
    this.#stage = 'heard';
    controls.report({ type: 'voicemail.finished', outcome: 'heard' });
    const timer = clock.after(LAST_WORD_MS, () => {
      if (attempt !== this.#attempt) return;
      this.close();
      controls.end('voicemail-left');
    });
    this.#timers.push(timer);
  }

  #onTooLong(): void {
    if (this.#stage !== 'heard') this.#giveUp('machine', this.#outcomeOfCut());
  }

  #outcomeOfCut(): SpeechOutcome {
    return this.#stage === 'speaking' ? 'interrupted' : 'unspoken';
  }

  #giveUp(result: MachineKind, outcome: SpeechOutcome): void {
    this.close();
    this.#deps.controls.report({ type: 'voicemail.finished', outcome });
    this.#deps.controls.end('machine-answered', { result, messageLeft: false });
  }
}
