// Who has told which call to do what: one line a command, with the name of the key and never its value. What was said in
// the command is not in it.

import type { RequestHandler, Response } from 'express';
import type { Logger } from '../calls/ports';
import { callerOf } from './auth';

const CALL_COMMAND = /^\/([0-9a-f-]{36})\/(hangup|interrupt|say|instructions|dtmf|transfer)\/?$/i;
const CREATE = /^\/create\/?$/i;

const CALL_ID = 'callId';

type Command = { readonly command: string; readonly callId: string | undefined };

/** Logs the commands among the requests that pass, with what they were answered. Comes after `requireCaller`. */
export function commandLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const asked = request.method === 'POST' ? commandIn(request.path) : undefined;
    if (asked === undefined) return next();
    const { command } = asked;
    whenAnswered(response, (isAborted) => {
      const callId = asked.callId ?? placedCall(response);
      const keyName = callerOf(response);
      log.info('Command', {
        command,
        callId,
        keyName,
        httpStatus: response.statusCode,
        ...(isAborted && { isAborted }),
      });
    });
    next();
  };
}

function commandIn(path: string): Command | undefined {
  if (CREATE.test(path)) return { command: 'create', callId: undefined };
  const [, callId, command] = CALL_COMMAND.exec(path) ?? [];
  return callId === undefined || command === undefined
    ? undefined
    : { command: command.toLowerCase(), callId: callId.toLowerCase() };
}

/** Notes which call a request has placed. */
export function notePlacedCall(response: Response, callId: string): void {
  response.locals[CALL_ID] = callId;
}

/** Undefined when no call was placed. */
function placedCall(response: Response): string | undefined {
  const callId: unknown = response.locals[CALL_ID];
  return typeof callId === 'string' ? callId : undefined;
}

/**
 * Tells once when a request was answered, be it to nobody: a client that hangs up does not undo its command, and what
 * became of that is known only when the route answers.
 */
function whenAnswered(response: Response, tell: (isAborted: boolean) => void): void {
  response.once('close', () => {
    if (response.writableEnded) return tell(!response.writableFinished);
    response.end = () => {
      tell(true);
      return response;
    };
  });
}
