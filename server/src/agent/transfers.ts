// Handing the callee over to somebody else: it is announced first, and when it fails the conversation goes on.

import type { CallControls, TransferOutcome, VoiceLine } from '../calls/agent-ports';
import type { AnnouncedTransfer } from '../calls/conversation-ports';
import type { SpeechContent } from '../calls/speech';
import type { ToolTransfer } from '../tools/built-in-tools';
import { ANNOUNCE_TRANSFER, explainFailedTransfer } from './directives';

/** What transfers work with. */
export type TransfersDeps = {
  readonly line: Pick<VoiceLine, 'speak' | 'whenHeard' | 'isCalleeSpeaking' | 'closed'>;
  readonly controls: Pick<CallControls, 'transfer'>;
  /** The other party's phone begins or ceases to ring. */
  readonly onChanged: () => void;
};

/** The transfers of one conversation. */
export class Transfers {
  readonly #deps: TransfersDeps;
  #ringing = 0;

  constructor(deps: TransfersDeps) {
    this.#deps = deps;
  }

  /** True while another party is called. */
  get isRinging(): boolean {
    return this.#ringing > 0;
  }

  /** The model has announced it, or does so now; a callee who cuts in is not connected. Rejects with CarrierError. */
  async byTool({ to, responseId }: ToolTransfer): Promise<TransferOutcome> {
    const { line } = this.#deps;
    const announced = await line.whenHeard(responseId);
    const isCutIn = announced === 'interrupted' || line.isCalleeSpeaking;
    if (isCutIn) return { status: 'failed', reason: 'the other person spoke before they were connected' };
    if (announced === 'unspoken') await this.#announce(undefined);
    return this.#connect(to);
  }

  /** The API wants it, whatever the callee says; of a failure the AI speaks. */
  async byOrder({ to, announcement }: AnnouncedTransfer): Promise<void> {
    await this.#announce(announcement);
    const outcome = await this.#connect(to);
    if (outcome.status !== 'failed' || this.#deps.line.closed) return;
    const directive = explainFailedTransfer(outcome.reason);
    await this.#deps.line.speak({ content: { kind: 'directive', directive }, mayUseTools: true });
  }

  async #announce(words: string | undefined): Promise<void> {
    const content: SpeechContent =
      words === undefined ? { kind: 'directive', directive: ANNOUNCE_TRANSFER } : { kind: 'words', words };
    await this.#deps.line.speak({ content });
  }

  async #connect(to: string): Promise<TransferOutcome> {
    this.#setRinging(1);
    return this.#deps.controls.transfer(to).finally(() => this.#setRinging(-1));
  }

  #setRinging(change: 1 | -1): void {
    this.#ringing += change;
    this.#deps.onChanged();
  }
}
