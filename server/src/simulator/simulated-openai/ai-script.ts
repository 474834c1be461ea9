/**
 * What a simulated AI says and hears in one session, as data: a script never depends on what the bridge does, so that
 * a test reads as a plan. Ready-made scripts are in scripts.ts.
 */

/** One stretch of speech, which becomes one audio item: a recorded line, or a tone that stands for speech. */
export type AiSpeech =
  | { readonly clip: string; readonly text?: string }
  | { readonly toneHz: number; readonly ms: number; readonly amplitude?: number; readonly text: string };

/** A tool call; as with the real model it is made only if the session declares the tool and `tool_choice` allows it. */
export type AiFunctionCall = {
  readonly name: string;
  readonly arguments: string;
  /** The call is cut off: its item ends `incomplete`, with the arguments as they are given here. */
  readonly incomplete?: true;
};

/** The error of a response that fails. */
export type AiFailure = { readonly type: string; readonly code: string; readonly message: string };

/**
 * What goes wrong with the session once so much of a response's audio has left, at the end of the response at the
 * latest: its connection is cut, it says nothing any more while the socket stays open, it reaches its maximum duration,
 * or (`stall`) the response alone falls silent for good.
 */
export type AiBreak = { readonly afterMs: number; readonly how: 'drop' | 'freeze' | 'expire' | 'stall' };

/** One response. */
export type AiTurn = {
  /** Each entry is one audio item of the response. */
  readonly say?: readonly AiSpeech[];
  /** From `response.created` to the first audio; 150 unless told. */
  readonly thinkMs?: number;
  /** How much faster than real time the audio arrives; 8 unless told, Infinity for all at once. */
  readonly speedup?: number;
  /** Comes as an item of its own after the speech. */
  readonly functionCall?: AiFunctionCall;
  /** Several calls in one response; they follow `functionCall` if that is there too. */
  readonly functionCalls?: readonly AiFunctionCall[];
  /** Puts the calls before the speech. */
  readonly callsFirst?: true;
  /**
   * How much later than planned each event of the response leaves the server; 0 unless told. After a cancel, what was
   * due by then still leaves, just as late, before `response.done`.
   */
  readonly deltaLagMs?: number;
  /** Ends the response with status `failed`, after whatever it says. */
  readonly fail?: AiFailure;
  /** Ends the response with status `incomplete` and this reason. */
  readonly incomplete?: 'max_output_tokens' | 'content_filter';
  readonly breaks?: AiBreak;
  /** The request is taken and never answered: not even `response.created` comes. */
  readonly unanswered?: true;
};

/** The voice of a model that says word for word what it is told to. */
export type ExactVoice = { readonly toneHz: number; readonly msPerCharacter: number };

/** One session. */
export type AiScript = {
  /** One per response, in order, except for those that `exact` or `asked` answers. */
  readonly turns?: readonly AiTurn[];
  /** One per response that the client asked for, in order; the later ones are taken from `turns`. */
  readonly asked?: readonly AiTurn[];
  /** Answers each response whose instructions order exact words with these words, and takes no turn for it. */
  readonly exact?: ExactVoice;
  /** Every response after the last of `turns`; an empty response when absent. */
  readonly otherwise?: AiTurn;
  /** Transcripts of the callee's turns in order of commit; empty ones after the last. */
  readonly hears?: readonly string[];
};
