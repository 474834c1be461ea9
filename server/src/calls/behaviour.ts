// How the AI is to behave in a call, as data: what a request may choose, with defaults from the settings.

/** Who speaks first, and when. */
export type OpeningMode =
  /** The AI, with the first moment of the line. */
  | 'greet'
  /** The AI, once the callee has said something, or has been silent for `helloTimeoutMs`. */
  | 'wait-for-hello'
  /** The callee; the AI only answers. */
  | 'silent';

/** What to do when a machine answers. */
export type AnsweringMachineMode =
  /** Not asked of the carrier. */
  | 'off'
  | 'hang-up'
  /** Wait for the beep or the end of the announcement, leave `voicemailMessage`, hang up. */
  | 'leave-message'
  /** Only noted in the record. */
  | 'ignore';

/** How the end of the callee's turn is found. */
export type TurnDetection =
  | {
      readonly type: 'server-vad';
      /** 0 to 1; higher needs louder speech. */
      readonly threshold: number;
      /** Audio before the detected start that belongs to the turn. */
      readonly prefixPaddingMs: number;
      /** Silence that ends a turn. */
      readonly silenceMs: number;
    }
  | { readonly type: 'semantic-vad'; readonly eagerness: 'low' | 'medium' | 'high' | 'auto' };

/** Which filter the callee's audio goes through before it is listened to. */
export type NoiseReduction = 'near-field' | 'far-field' | 'off';

/** The tools that come with the server. */
export const BUILT_IN_TOOLS = ['end_call', 'transfer_call', 'send_dtmf', 'remaining_time'] as const;

/** The name of a built-in tool. */
export type BuiltInToolName = (typeof BUILT_IN_TOOLS)[number];

/** HTTP methods that a tool may use. */
export const TOOL_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** What a caller may do while a tool runs: talk with the AI, or wait for the result. */
export type WhileRunning = 'talk' | 'wait';

/** A tool that is a request to the user's own server. */
export type HttpToolDefinition = {
  readonly name: string;
  /** For the model: what it does and when to use it. */
  readonly description: string;
  /** JSON Schema of the arguments; its type is `object`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly url: string;
  readonly method: (typeof TOOL_METHODS)[number];
  /** `${TOOL_NAME}` stands for an environment variable whose name begins with TOOL_. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Words that cover a slow answer; without them the AI finds its own. */
  readonly filler?: string | undefined;
  readonly whileRunning: WhileRunning;
};

/** Where the AI may transfer the callee to. */
export type TransferTarget = {
  /** By which the model chooses. */
  readonly name: string;
  /** E.164 or a SIP URI. */
  readonly to: string;
  readonly description?: string | undefined;
};

/** How the AI is to behave in one call. */
export type CallBehaviour = {
  readonly opening: OpeningMode;
  /** With `wait-for-hello`: how long the AI waits for a word, milliseconds from the moment both sides are there. */
  readonly helloTimeoutMs: number;
  /** The callee cannot interrupt the opening. */
  readonly protectGreeting: boolean;
  readonly answeringMachine: AnsweringMachineMode;
  /** Said to a machine, exactly; without it the AI leaves a message by its instructions. */
  readonly voicemailMessage?: string | undefined;
  readonly turnDetection: TurnDetection;
  readonly noiseReduction: NoiseReduction;
  /** How much speech it takes to interrupt the AI, milliseconds; 0 for any at all. */
  readonly bargeInHoldMs: number;
  /** Silence of both sides after which the AI asks whether the callee is still there, seconds; 0 for never. */
  readonly silenceNudgeSeconds: number;
  /** Silence after that question until the AI says goodbye, seconds. */
  readonly silenceGoodbyeSeconds: number;
  readonly builtInTools: readonly BuiltInToolName[];
  readonly tools: readonly HttpToolDefinition[];
  readonly transferTargets: readonly TransferTarget[];
};

/** What holds when nobody says otherwise. */
export const DEFAULT_BEHAVIOUR: CallBehaviour = {
  opening: 'greet',
  // Most people have said their hello by then; for longer, the line seems dead to them.
  helloTimeoutMs: 2_500,
  protectGreeting: false,
  answeringMachine: 'off',
  // The server's own default of 200 ms of silence cuts people off between words.
  turnDetection: { type: 'server-vad', threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 },
  noiseReduction: 'near-field',
  bargeInHoldMs: 0,
  silenceNudgeSeconds: 10,
  silenceGoodbyeSeconds: 10,
  builtInTools: BUILT_IN_TOOLS,
  tools: [],
  transferTargets: [],
};
