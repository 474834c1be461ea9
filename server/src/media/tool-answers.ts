// Results of tools on their way to the model: whoever gives one waits until the server has it, as only then is it known
// whether the next response will take it into account.

import type { RealtimeSession } from '../calls/conversation-ports';

/** The results of one call. */
export class ToolAnswers {
  readonly #session: Pick<RealtimeSession, 'answerTool'>;
  readonly #waiting = new Map<string, () => void>();

  constructor(session: Pick<RealtimeSession, 'answerTool'>) {
    this.#session = session;
  }

  /** Sends the result; resolves when the server has it, or nobody will ever say so. */
  give(toolCallId: string, output: string): Promise<void> {
    const taken = new Promise<void>((resolve) => this.#waiting.set(toolCallId, resolve));
    this.#session.answerTool(toolCallId, output);
    return taken;
  }

  onTaken(toolCallId: string): void {
    this.#waiting.get(toolCallId)?.();
    this.#waiting.delete(toolCallId);
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const taken of this.#waiting.values()) taken();
    this.#waiting.clear();
  }
}
