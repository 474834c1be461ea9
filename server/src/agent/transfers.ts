// Handing the callee over to somebody else: it is announced first, and when it fails the conversation goes on.

import type { CallControls, TransferOutcome, VoiceLine } from '../calls/agent-ports';
import type { AnnouncedTransfer } from '../calls/conversation-ports';
import type { SpeechContent, SpeechOutcome } from '../calls/speech';
import type { ToolTransfer } from '../tools/built-in-tools';
import { ANNOUNCE_TRANSFER, explainFailedTransfer } from './directives';

/** What transfers work with. */
export type TransfersDeps = {
  readonly line: Pick<VoiceLine, 'speak' | 'whenHeard' | 'isCalleeSpeaking'>;
  readonly controls: Pick<CallControls, 'transfer'>;
  /** The other party's phone begins or ceases to ring. */
  readonly onChanged: () => void;
};

const CUT_IN: TransferOutcome = { status: 'failed', reason: 'the other person spoke before they were connected' };
const OVER: TransferOutcome = { status: 'failed', reason: 'the conversation is over' };

/** The transfers of one conversation. Idempotent `close()`; after it nobody is announced or connected. */
export class Transfers {
  readonly #deps: TransfersDeps;
  #isOrdered = false;
  #isRinging = false;
  #isClosed = false;

  constructor(deps: TransfersDeps) {
    this.#deps = deps;
  }

  /** True while another party is called. */
  get isRinging(): boolean {
    return this.#isRinging;
  }

  /** The model has announced it, or does so now; a callee who cuts in is not connected. */
  async byTool({ to, responseId }: ToolTransfer): Promise<TransferOutcome> {
    const announced = await this.#deps.line.whenHeard(responseId);
    if (this.#isCutIn(announced)) return CUT_IN;
    if (announced === 'unspoken' && this.#isCutIn(await this.#announce(undefined))) return CUT_IN;
    return this.#connect(to);
  }

  /** The API wants it, whatever the callee says; of a failure the AI speaks. False while another one is under way. */
  byOrder(request: AnnouncedTransfer): boolean {
    if (this.#isOrdered || this.#isRinging || this.#isClosed) return false;
    this.#isOrdered = true;
    void this.#carryOut(request).finally(() => {
      this.#isOrdered = false;
    });
    return true;
  }

  close(): void {
    this.#isClosed = true;
  }

  async #carryOut({ to, announcement }: AnnouncedTransfer): Promise<void> {
    await this.#announce(announcement);
    const outcome = await this.#connect(to);
    if (outcome.status !== 'failed' || this.#isClosed) return;
    const directive = explainFailedTransfer(outcome.reason);
    await this.#deps.line.speak({ content: { kind: 'directive', directive }, mayUseTools: true });
  }

  #isCutIn(announced: SpeechOutcome): boolean {
    return announced === 'interrupted' || this.#deps.line.isCalleeSpeaking;
  }

  async #announce(words: string | undefined): Promise<SpeechOutcome> {
    if (this.#isClosed) return 'unspoken';
    const content: SpeechContent =
      words === undefined ? { kind: 'directive', directive: ANNOUNCE_TRANSFER } : { kind: 'words', words };
    return this.#deps.line.speak({ content });
  }

  async #connect(to: string): Promise<TransferOutcome> {
    if (this.#isClosed) return OVER;
    this.#setRinging(true);
    try {
      return await this.#deps.controls.transfer(to);
    } catch {
      // The call has logged why.
      return { status: 'failed', reason: 'the carrier refused it' };
    } finally {
      this.#setRinging(false);
    }
  }

  #setRinging(isRinging: boolean): void {
    this.#isRinging = isRinging;
    this.#deps.onChanged();
  }
}
