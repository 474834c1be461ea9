// The tools that come with the server: what the AI can do with its own call. They only translate; the agent acts.

import { z } from 'zod';
import type { TransferOutcome } from '../calls/agent-ports';
import type { BuiltInToolName, TransferTarget } from '../calls/behaviour';
import { CarrierError } from '../calls/errors';
import { defineTool, type Tool, ToolFailure } from './tool';

// Somebody else's phone rings for up to a minute, and a goodbye takes its time: longer than both.
const LONG_TIMEOUT_MS = 120_000;

/** That the AI wants to end the call, and in which response it said so. */
export type EndCallRequest = {
  readonly toolCallId: string;
  readonly responseId: string;
  readonly reason?: string | undefined;
};

/** Whom the AI wants to connect the callee with, and in which response it said so. */
export type ToolTransfer = { readonly to: string; readonly responseId: string };

/** What the built-in tools have the agent do. */
export interface BuiltInActions {
  /** Lets the goodbye be heard and ends the call; `canceled` when the callee spoke up meanwhile. */
  endCall(request: EndCallRequest): Promise<'ended' | 'canceled'>;
  /** Rejects with CarrierError. */
  transfer(request: ToolTransfer): Promise<TransferOutcome>;
  /** Rejects with CarrierError. */
  sendDigits(digits: string): Promise<void>;
  /** Milliseconds until the call reaches its maximum duration. */
  remainingMs(): number;
}

/** Which of the built-in tools a call has, and where it may be transferred to. */
export type BuiltInOptions = {
  readonly names: readonly BuiltInToolName[];
  readonly transferTargets: readonly TransferTarget[];
};

/** Makes the built-in tools of a call; `transfer_call` only where there is somebody to transfer to. */
export function builtInTools(actions: BuiltInActions, { names, transferTargets }: BuiltInOptions): readonly Tool[] {
  const makers: Readonly<Record<BuiltInToolName, () => Tool | undefined>> = {
    end_call: () => endCallTool(actions),
    transfer_call: () => (transferTargets.length > 0 ? transferCallTool(actions, transferTargets) : undefined),
    send_dtmf: () => sendDtmfTool(actions),
    remaining_time: () => remainingTimeTool(actions),
  };
  return [...new Set(names)].map((name) => makers[name]()).filter((tool) => tool !== undefined);
}

function endCallTool(actions: BuiltInActions): Tool {
  return defineTool({
    name: 'end_call',
    description:
      'Hangs up. Use it when the conversation is over: the purpose is fulfilled, or the other person says goodbye or ' +
      'does not want to talk. Say a short goodbye first, in the same turn; if you say none, the system asks you for ' +
      'one before it hangs up. If the other person speaks meanwhile, the call goes on.',
    parameters: z.strictObject({
      reason: z.string().max(200).optional().describe('Why the call is over, in a few words.'),
    }),
    timeoutMs: LONG_TIMEOUT_MS,
    filler: 'none',
    // Either nobody is there any more, or the callee has just spoken and gets an answer to that.
    resultIsSpoken: false,
    run: async ({ reason }, { toolCallId, responseId }) => {
      const outcome = await actions.endCall({ toolCallId, responseId, reason });
      if (outcome === 'ended') return { call: 'ended' };
      return {
        call: 'goes on',
        note: 'The callee spoke, or another tool is not through. Go on with the conversation.',
      };
    },
  });
}

function transferCallTool(actions: BuiltInActions, targets: readonly TransferTarget[]): Tool {
  const list = targets.map(({ name, description }) => (description ? `${name} (${description})` : name)).join('; ');
  return defineTool({
    name: 'transfer_call',
    description:
      `Connects the other person with somebody else: ${list}. Say first, in the same turn, whom you are connecting ` +
      'them with. If it does not work, say so and go on with the conversation.',
    parameters: z.strictObject({
      target: z.enum(targets.map(({ name }) => name)).describe('Whom to connect the other person with.'),
    }),
    timeoutMs: LONG_TIMEOUT_MS,
    filler: 'none',
    // After a success the AI is off the line; of a failure it speaks in any case.
    resultIsSpoken: false,
    run: async ({ target }, { responseId }) => {
      const to = targets.find(({ name }) => name === target)?.to;
      if (to === undefined) throw new ToolFailure('There is nobody of this name to transfer to.');
      const outcome = await explained(actions.transfer({ to, responseId }), 'The transfer failed.');
      if (outcome.status === 'bridged') return { transfer: 'connected' };
      throw new ToolFailure('The transfer failed. Tell the callee and go on with the conversation.', {
        details: { target, cause: outcome.reason },
      });
    },
  });
}

function sendDtmfTool(actions: BuiltInActions): Tool {
  return defineTool({
    name: 'send_dtmf',
    description:
      'Presses keys of the phone, for example in a menu of an automatic system. Use it only when a recorded voice ' +
      'asks for a key or an extension.',
    parameters: z.strictObject({
      digits: z
        .string()
        .regex(/^[0-9A-D*#wW]{1,32}$/, 'must be 1 to 32 of 0-9, A-D, *, #, w and W')
        .describe('The keys in their order; w waits half a second, W a second.'),
    }),
    filler: 'none',
    run: async ({ digits }) => {
      await explained(actions.sendDigits(digits), 'The keys could not be pressed.');
      return { sent: digits };
    },
  });
}

function remainingTimeTool(actions: BuiltInActions): Tool {
  return defineTool({
    name: 'remaining_time',
    description: 'Tells how many seconds the call can still last before it is ended by force.',
    parameters: z.strictObject({}),
    filler: 'none',
    run: () => Promise.resolve({ remainingSeconds: Math.max(0, Math.floor(actions.remainingMs() / 1_000)) }),
  });
}

/** The carrier's refusal in words for the model; what else goes wrong is a fault of ours and stays one. */
async function explained<T>(command: Promise<T>, message: string): Promise<T> {
  try {
    return await command;
  } catch (error) {
    if (error instanceof CarrierError) throw new ToolFailure(message, { cause: error });
    throw error;
  }
}
