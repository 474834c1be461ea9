/** Reads one session's script: which turn answers which response, depending on who asked for it and in what words. */
import type { AiScript, AiTurn, ExactVoice } from './ai-script';

/** Who asked for a response: turn detection, or a `response.create` of the client. */
export type Requester = 'vad' | 'client';

/** What the choice of a turn depends on. */
export type TurnRequest = { readonly requestedBy: Requester; readonly instructions?: string | undefined };

/** The place in a script. */
export class ScriptReader {
  readonly #script: () => AiScript;
  #askedCount = 0;
  #turnCount = 0;

  /** Calls `script` at each turn, because the script may not be chosen yet. */
  constructor(script: () => AiScript) {
    this.#script = script;
  }

  /** Returns the turn that answers a request, and moves on. */
  next(request: TurnRequest): AiTurn {
    const { exact, asked, turns, otherwise = {} } = this.#script();
    const words = exactWords(request.instructions ?? '');
    if (exact !== undefined && request.requestedBy === 'client' && words !== undefined) return recite(words, exact);
    const own = request.requestedBy === 'client' ? asked?.[this.#askedCount] : undefined;
    if (own !== undefined) {
      this.#askedCount += 1;
      return own;
    }
    const turn = turns?.[this.#turnCount] ?? otherwise;
    this.#turnCount += 1;
    return turn;
  }
}

/**
 * Returns the words that instructions order: the JSON string that follows the word "exactly". The last such order
 * counts, because a persona may come before it.
 */
export function exactWords(instructions: string): string | undefined {
  const orders = instructions.matchAll(/\bexactly\b[^"]*("(?:[^"\\]|\\.)*")/gi);
  return [...orders]
    .map(([, literal]) => parseString(literal ?? ''))
    .findLast((words): words is string => words !== undefined);
}

function parseString(literal: string): string | undefined {
  try {
    const words: unknown = JSON.parse(literal);
    return typeof words === 'string' ? words : undefined;
  } catch {
    // A quotation that is not JSON orders nothing.
    return undefined;
  }
}

function recite(words: string, { toneHz, msPerCharacter }: ExactVoice): AiTurn {
  const ms = Math.round(words.length * msPerCharacter);
  return ms === 0 ? {} : { say: [{ toneHz, ms, text: words }] };
}
