// The items that audio belongs to, as they are told to whoever may keep them for the rest of a call.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ItemRef, RealtimeListener } from '../../../src/calls/conversation-ports';
import { parseServerEvent } from '../../../src/realtime/realtime-protocol';
import { Responses } from '../../../src/realtime/responses';
import { ManualClock } from '../../support/manual-clock';
import { RecordingListener } from './realtime-server';

const ITEMS = 300;
const DELTA = 'A'.repeat(16_000);

/** Takes in a delta as it comes from the network, and returns the item that is told. */
function receiver(): (itemId: string) => ItemRef {
  let told: ItemRef | undefined;
  const listener: RealtimeListener = new RecordingListener();
  listener.onAudio = (item) => (told = item);
  const nothing = (): void => {};
  const clock = new ManualClock();
  const responses = new Responses({ clock, model: 'm', send: nothing, listener: () => listener, fail: nothing });
  return (itemId) => {
    const ids = { response_id: 'response-of-the-item-that-is-told', item_id: itemId, content_index: 0 };
    const text = JSON.stringify({ type: 'response.output_audio.delta', ...ids, delta: DELTA });
    const event = parseServerEvent(Buffer.from(text).toString('latin1'));
    if (event?.type === 'response.output_audio.delta') responses.onEvent(event, listener);
    return told!;
  };
}

/** Bytes in use when all that can be given back is. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test('all audio of an item is told as of one and the same', () => {
  const receive = receiver();

  const item = receive('item-1');

  expect(item).toEqual({ responseId: 'response-of-the-item-that-is-told', itemId: 'item-1', contentIndex: 0 });
  expect(receive('item-1')).toBe(item);
  expect(receive('item-2')).toEqual({ ...item, itemId: 'item-2' });
});

test('whoever remembers an item does not remember its audio', () => {
  const receive = receiver();
  receive('before');
  const kept: string[] = [];
  const before = heapBytes();

  for (let i = 0; i < ITEMS; i += 1) kept.push(receive(`item-with-a-long-name-${String(i).padStart(8, '0')}`).itemId);

  expect(heapBytes() - before).toBeLessThan((ITEMS * DELTA.length) / 4);
  expect(new Set(kept).size).toBe(ITEMS);
});
