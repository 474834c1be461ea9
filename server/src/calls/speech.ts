// What the AI is asked to say, what becomes of it, and what it may ask for in turn: plain data that the agent, the
// bridge and the realtime session have in common.

/** What the AI is to say. */
export type SpeechContent =
  /** These words and no others. */
  | { readonly kind: 'words'; readonly words: string }
  /** In its own words, by this direction beside the call's instructions. */
  | { readonly kind: 'directive'; readonly directive: string }
  /** Whatever the conversation asks for now. */
  | { readonly kind: 'answer' };

/** A request to speak. */
export type SpeechRequest = {
  readonly content: SpeechContent;
  /** True when the callee cannot interrupt it; it does not wait for them to stop speaking either. */
  readonly isProtected?: boolean;
  /** True when the callee waits for it, as they do for every answer: how long they wait is measured. */
  readonly isReply?: boolean;
  /** True when the AI may call tools instead of, or after, speaking. */
  readonly mayUseTools?: boolean;
  /** True when an answer of the AI to the callee that comes first makes it needless. */
  readonly isMootWhenAnswered?: boolean;
};

/** What became of something the AI was to say. */
export type SpeechOutcome =
  /** The callee heard its end. */
  | 'heard'
  /** Cut off by the callee, the API or the end of the line, before its end was heard. */
  | 'interrupted'
  /** Nothing of it was heard: it was needless, cancelled or refused, or the model made no sound. */
  | 'unspoken';

/**
 * Who takes the turns. `server`: the speech model's own detection answers and interrupts. `listen`: it only reports
 * speech; nothing is answered and nobody is interrupted until somebody here decides so.
 */
export type TurnTaking = 'server' | 'listen';

/** A tool that the model wants to be run. */
export type ToolCall = {
  /** The model's id of this one use. */
  readonly toolCallId: string;
  readonly responseId: string;
  readonly name: string;
  /** As the model wrote it: JSON, if all is well. */
  readonly argumentsJson: string;
};

/** A function that the model may call, as it is told of it. */
export type ToolDeclaration = {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments, of type `object`. */
  readonly parameters: Readonly<Record<string, unknown>>;
};
