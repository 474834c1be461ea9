// A fresh socket until its `start` frame: what it has to say first, how long that may take, and how much may come before.

import type { RawData, WebSocket } from 'ws';
import type { AnnouncedStream } from '../../calls/conversation-ports';
import { messageText } from '../../lib/message-text';
import { fromClientState } from './client-state';
import { parseFrame, type StartFrame } from './stream-frames';
import { type StreamDeps, TelnyxStream } from './telnyx-stream';

// Telnyx sends `connected` and `start` right after the upgrade; a peer that does not is not Telnyx.
const START_TIMEOUT_MS = 5_000;

// `connected` alone comes before: this leaves room for whatever Telnyx may add, and none for a flood.
const MAX_MESSAGES_BEFORE_START = 20;

const POLICY_VIOLATION = 1008;

/** Waits for the `start` frame of a fresh socket; undefined when it does not come. */
export function announcedStream(socket: WebSocket, deps: StreamDeps): Promise<AnnouncedStream | undefined> {
  return new Promise((resolve) => {
    let messages = 0;
    const settle = (announced: AnnouncedStream | undefined): void => {
      timer.cancel();
      socket.off('message', onMessage).off('ping', count).off('pong', count).off('close', onClose);
      resolve(announced);
    };
    const onClose = (): void => settle(undefined);
    const count = (): boolean => {
      messages += 1;
      if (messages <= MAX_MESSAGES_BEFORE_START) return true;
      // No word of farewell: until it is answered, more would be read.
      socket.terminate();
      settle(undefined);
      return false;
    };
    const onMessage = (raw: RawData): void => {
      if (!count()) return;
      const frame = parseFrame(messageText(raw));
      if (frame.event === 'start') settle(announce(socket, frame, deps));
    };
    const timer = deps.clock.after(START_TIMEOUT_MS, () => {
      socket.close(POLICY_VIOLATION, 'no start frame');
      settle(undefined);
    });
    socket.on('message', onMessage).on('ping', count).on('pong', count).on('close', onClose);
    socket.on('error', (error) => deps.log.warn('The media stream socket failed', { error }));
  });
}

function announce(socket: WebSocket, frame: StartFrame, deps: StreamDeps): AnnouncedStream {
  return {
    stream: new TelnyxStream(socket, frame, deps),
    callId: fromClientState(frame.start.client_state)?.callId,
    carrierCallId: frame.start.call_control_id,
  };
}
