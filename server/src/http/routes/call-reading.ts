// /api/ai-calls/:callId, and /transcript and /recording under it: what is known of one call.

import { type Response, Router } from 'express';
import type { CallService } from '../../calls/call-service';
import { isTerminal } from '../../calls/call-state';
import type { Logger } from '../../calls/ports';
import { callDetails } from '../call-view';
import { chosenFormat, sendText } from '../formats';
import { ProblemError } from '../problem';
import { transcriptQuerySchema } from '../reading-schemas';
import { parseCallId, validated } from '../schemas';
import { transcriptText, turnsOf, turnView } from '../transcript';

const TRANSCRIPT_FORMATS = { json: 'application/json', text: 'text/plain' } as const;

/** Where the audio of calls is kept. */
export interface RecordingFinder {
  /** The complete WAV file of a call, by its absolute path; undefined when there is none. */
  find(callId: string): Promise<{ readonly path: string; readonly bytes: number } | undefined>;
}

/** What the routes work with. */
export type CallReadingDeps = {
  readonly calls: Pick<CallService, 'get' | 'timeline'>;
  readonly recordings: RecordingFinder;
  readonly log: Logger;
};

/** The routes that read one call. */
export function callReadingRouter({ calls, recordings, log }: CallReadingDeps): Router {
  const router = Router();

  /** What else is known of a call is told even when the folder of the recordings is not to be read. */
  const canBeHad = async (callId: string): Promise<boolean> => {
    try {
      return (await recordings.find(callId)) !== undefined;
    } catch (error) {
      log.warn('The recording of a call could not be looked for', { callId, error });
      return false;
    }
  };

  router.get('/:callId', async (request, response) => {
    const callId = parseCallId(request.params['callId']);
    const call = await calls.get(callId);
    const hasRecording = call.recording !== undefined && (await canBeHad(callId));
    response.json(callDetails(call, { timeline: await calls.timeline(callId), hasRecording }));
  });

  router.get('/:callId/transcript', async (request, response) => {
    const callId = parseCallId(request.params['callId']);
    const { format } = validated(transcriptQuerySchema, request.query);
    const chosen = chosenFormat(request, TRANSCRIPT_FORMATS, format);
    const call = await calls.get(callId);
    const turns = turnsOf(await calls.timeline(callId));
    if (chosen === 'text') return sendText(response, TRANSCRIPT_FORMATS.text, transcriptText(call, turns));
    response.vary('Accept').json({ callId, status: call.status, turns: turns.map(turnView) });
  });

  router.get('/:callId/recording', async (request, response) => {
    const callId = parseCallId(request.params['callId']);
    const { status, isRecorded, recording, mayHaveLeg } = await calls.get(callId);
    if (!isTerminal(status)) throw conflict(`The call is ${status}: its recording can be had when it is over.`);
    const file = await recordings.find(callId);
    if (file) return sendWav(response, callId, file.path);
    // The audio is complete before the call gives up its leg.
    if (isRecorded && !recording && mayHaveLeg) throw conflict('The recording is being completed: try again at once.');
    throw new ProblemError('RECORDING_NOT_FOUND');
  });

  return router;
}

/** Answers whole, or with the range that is asked for. */
function sendWav(response: Response, callId: string, path: string): Promise<void> {
  response.set({
    'Content-Type': 'audio/wav',
    'Content-Disposition': `inline; filename="${callId}.wav"`,
    'Cache-Control': 'private, no-cache',
  });
  return new Promise((resolve, reject) => {
    // DATA_DIR may lie below a folder whose name begins with a dot.
    response.sendFile(path, { dotfiles: 'allow', cacheControl: false }, (error?: Error) => {
      // Once bytes are on their way, the only thing that goes wrong is the reader's connection, or it has gone.
      if (!error || response.headersSent || response.destroyed) return resolve();
      response.removeHeader('Content-Disposition');
      reject(problemOf(error));
    });
  });
}

function problemOf(error: Error): Error {
  const status = 'status' in error ? error.status : undefined;
  if (status === 416) return new ProblemError('RANGE_NOT_SATISFIABLE');
  return status === 404 ? new ProblemError('RECORDING_NOT_FOUND') : error;
}

function conflict(detail: string): ProblemError {
  return new ProblemError('CALL_STATE_CONFLICT', [], { detail });
}
