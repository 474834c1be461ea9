// The conversation of one call from its opening to its end: opened once, closed once, and whatever goes wrong in it, the
// call goes on to take its leg down.

import type { CallControls, OpenConversation } from './agent-ports';
import type { Call } from './call';
import type { Talking } from './conversation-events';
import type { AnnouncedTransfer, CarrierStream, Conversation, OrderRefusal, SayRequest } from './conversation-ports';
import type { EndReason } from './end-call';
import type { CarrierEvent, Logger } from './ports';

/** What a talk works with. */
export type TalkDeps = {
  readonly openConversation: OpenConversation;
  readonly controls: CallControls;
  readonly log: Logger;
};

/** The talk of one call. */
export class Talk {
  readonly #deps: TalkDeps;
  #conversation: Conversation | undefined;

  constructor(deps: TalkDeps) {
    this.#deps = deps;
  }

  /** True while both legs are joined. */
  get isStreaming(): boolean {
    return this.#conversation?.isStreaming === true;
  }

  /** Who is heard now. */
  get talking(): Talking {
    return this.#conversation?.talking ?? 'nobody';
  }

  /** Opens the conversation, unless it is; one that cannot even be made ends the call. */
  open(call: Call): void {
    if (this.#conversation) return;
    const { openConversation, controls, log } = this.#deps;
    try {
      this.#conversation = openConversation(call, controls);
      this.#conversation.open();
    } catch (error) {
      log.error('The conversation could not be opened', { callId: call.callId, error });
      controls.end('internal-error');
    }
  }

  attach(stream: CarrierStream): void {
    this.#conversation?.attach(stream);
  }

  /** Silences the AI; returns whether it was speaking or about to. */
  interrupt(): boolean {
    return this.#conversation?.interrupt() ?? false;
  }

  /** Has the AI say something; returns why not. */
  say(request: SayRequest): OrderRefusal | undefined {
    return this.#conversation ? this.#conversation.say(request) : 'ending';
  }

  setInstructions(instructions: string): void {
    this.#conversation?.setInstructions(instructions);
  }

  /** Transfers the callee; returns why not. */
  transfer(request: AnnouncedTransfer): OrderRefusal | undefined {
    return this.#conversation ? this.#conversation.transfer(request) : 'ending';
  }

  /** Takes what the carrier knows of the callee's side. */
  onCarrierEvent(event: CarrierEvent): void {
    if (event.type === 'digit.received') this.#conversation?.onCarrierDigit(event.digit);
    if (event.type === 'machine.detected') this.#conversation?.onMachine({ kind: 'detected', result: event.result });
    if (event.type === 'machine.greeting-ended') {
      this.#conversation?.onMachine({ kind: 'greeting-ended', hasBeep: event.hasBeep });
    }
  }

  /** Says goodbye and ends the call. */
  leave(reason: EndReason): void {
    if (this.#conversation) this.#conversation.leave(reason);
    else this.#deps.controls.end(reason);
  }

  /** Resolves when nothing more is reported: the last words may be written down after the end. Never rejects. */
  async whenSettled(callId: string): Promise<void> {
    try {
      await this.#conversation?.whenSettled();
    } catch (error) {
      this.#deps.log.error('The words of a conversation could not be completed', { callId, error });
    }
  }

  /** The conversation still tells what was heard. */
  close(callId: string): void {
    try {
      this.#conversation?.close();
    } catch (error) {
      this.#deps.log.error('Closing a conversation failed', { callId, error });
    }
  }
}
