// /api/ai-calls/:callId/…: what can be asked of a call that is in conversation: say, new instructions, tones, transfer.

import { Router } from 'express';
import type { CallService } from '../../calls/call-service';
import { callerOf } from '../auth';
import { callSummary } from '../call-view';
import type { DestinationPolicy } from '../destination';
import { jsonBody } from '../json-body';
import { digitsSchema, instructionsSchema, parseCallId, saySchema, transferSchema, validated } from '../schemas';

/** What the routes work with. */
export type CallCommandsDeps = {
  readonly calls: Pick<CallService, 'get' | 'say' | 'setInstructions' | 'sendDigits' | 'transfer'>;
  readonly destinations: DestinationPolicy;
};

/** The commands with a body. What is only accepted, and done later, is answered 202. */
export function callCommandsRouter({ calls, destinations }: CallCommandsDeps): Router {
  const router = Router();

  router.post('/:callId/say', ...jsonBody, async (request, response) => {
    const callId = parseCallId(request.params['callId']);
    const { text, when, protect } = validated(saySchema, request.body);
    const { call, sayId } = await calls.say(callId, { text, timing: when, isProtected: protect });
    response.status(202).json({ ...callSummary(call), sayId });
  });

  router.post('/:callId/instructions', ...jsonBody, async (request, response) => {
    const callId = parseCallId(request.params['callId']);
    const change = validated(instructionsSchema, request.body);
    response.json(callSummary(await calls.setInstructions(callId, change)));
  });

  router.post('/:callId/dtmf', ...jsonBody, async (request, response) => {
    const callId = parseCallId(request.params['callId']);
    const { digits } = validated(digitsSchema, request.body);
    response.json(callSummary(await calls.sendDigits(callId, digits)));
  });

  router.post('/:callId/transfer', ...jsonBody, async (request, response) => {
    const callId = parseCallId(request.params['callId']);
    const { to, announcement } = validated(transferSchema, request.body);
    const { from } = await calls.get(callId);
    destinations.checkTransfer(to, from, 'to');
    response
      .status(202)
      .json(callSummary(await calls.transfer(callId, { to, announcement, placedBy: callerOf(response) })));
  });

  return router;
}
