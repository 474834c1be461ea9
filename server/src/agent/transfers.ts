// Handing the callee over to somebody else: it is announced first, and when it fails the conversation goes on.

import type { CallControls, TransferOutcome, VoiceLine } from '../calls/agent-ports';
import type { AnnouncedTransfer, OrderRefusal } from '../calls/conversation-ports';
import type { SpeechContent, SpeechOutcome } from '../calls/speech';
import type { ToolTransfer } from '../tools/built-in-tools';
import { ANNOUNCE_TRANSFER, explainFailedTransfer } from './directives';

/** What transfers work with. */
export type TransfersDeps = {
  readonly line: Pick<VoiceLine, 'speak' | 'whenHeard' | 'isCalleeSpeaking' | 'isStreaming'>;
  readonly controls: Pick<CallControls, 'transfer' | 'cancelTransfer' | 'report'>;
  /** A transfer begins or is over. */
  readonly onChanged: () => void;
};

const CUT_IN = { status: 'failed', reason: 'the other person spoke before they were connected' } as const;
const BUSY = { status: 'failed', reason: 'another transfer is under way' } as const;
const OVER = { status: 'failed', reason: 'the conversation is over' } as const;

/** The transfers of one conversation, one at a time. Idempotent `close()`; after it nobody is announced or connected. */
export class Transfers {
  readonly #deps: TransfersDeps;
  #current: Promise<TransferOutcome> | undefined;
  #isClosed = false;

  constructor(deps: TransfersDeps) {
    this.#deps = deps;
  }

  /** True while a transfer is announced, or another party is called. */
  get isUnderWay(): boolean {
    return this.#current !== undefined;
  }

  /** What becomes of the transfer that is under way; undefined when there is none. */
  whenSettled(): Promise<TransferOutcome | undefined> {
    return this.#current ?? Promise.resolve(undefined);
  }

  /** The model has announced it, or does so now; a callee who cuts in is not connected. */
  byTool({ to, responseId }: ToolTransfer): Promise<TransferOutcome> {
    if (this.#current) return Promise.resolve(BUSY);
    return this.#carryOut(to, async () => {
      const announced = await this.#deps.line.whenHeard(responseId);
      if (announced !== 'unspoken') return announced === 'heard';
      return !this.#deps.line.isCalleeSpeaking && (await this.#announce(undefined)) !== 'interrupted';
    });
  }

  /** The API wants it, whatever the callee says; of a failure the AI speaks. Returns why not. */
  byOrder({ to, announcement }: AnnouncedTransfer): OrderRefusal | undefined {
    if (this.#isClosed) return 'ending';
    if (this.#current) return 'busy';
    const announce = async (): Promise<boolean> => {
      await this.#announce(announcement);
      // Nobody is left to connect when the callee has hung up meanwhile.
      return this.#deps.line.isStreaming;
    };
    void this.#carryOut(to, announce).then((outcome) => this.#explain(outcome));
    return undefined;
  }

  /** Whoever rings is let go. */
  cancel(): void {
    this.close();
    this.#deps.controls.cancelTransfer();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #carryOut(to: string, isAnnounced: () => Promise<boolean>): Promise<TransferOutcome> {
    this.#current = this.#announceAndConnect(to, isAnnounced);
    this.#deps.onChanged();
    try {
      return await this.#current;
    } finally {
      this.#current = undefined;
      this.#deps.onChanged();
    }
  }

  async #announceAndConnect(to: string, isAnnounced: () => Promise<boolean>): Promise<TransferOutcome> {
    const isWanted = await isAnnounced();
    if (isWanted && !this.#isClosed) return this.#connect(to);
    const outcome = this.#isClosed || !this.#deps.line.isStreaming ? OVER : CUT_IN;
    // What was ordered and came to nothing is in the record, too.
    this.#deps.controls.report({ type: 'transfer.failed', to, reason: outcome.reason });
    return outcome;
  }

  async #connect(to: string): Promise<TransferOutcome> {
    try {
      return await this.#deps.controls.transfer(to);
    } catch {
      // The call has logged why.
      return { status: 'failed', reason: 'the carrier refused it' };
    }
  }

  #explain(outcome: TransferOutcome): void {
    if (outcome.status !== 'failed' || this.#isClosed) return;
    const directive = explainFailedTransfer(outcome.reason);
    void this.#deps.line.speak({ content: { kind: 'directive', directive }, mayUseTools: true });
  }

  async #announce(words: string | undefined): Promise<SpeechOutcome> {
    if (this.#isClosed) return 'unspoken';
    const content: SpeechContent =
      words === undefined ? { kind: 'directive', directive: ANNOUNCE_TRANSFER } : { kind: 'words', words };
    return this.#deps.line.speak({ content });
  }
}
