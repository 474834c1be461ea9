// When deliveries are woken by what is written.

import { wakingWriter } from '../../../src/callbacks/waking-writer';
import type { RecordWrite } from '../../../src/calls/record-ports';
import { aCall, aCallId, anEntry } from '../../support/builders';
import { MemoryCallStore } from '../../support/memory-call-store';

const CALLBACK: RecordWrite = {
  kind: 'callback',
  callback: { callbackId: 'a', callId: aCallId(), url: 'https://example.com', body: '{}', createdAtMs: 0 },
};
const ENTRY: RecordWrite = { kind: 'entry', entry: anEntry() };

let store: MemoryCallStore;
/** How many callbacks were there at each wake. */
let woken: number[];

beforeEach(() => {
  store = new MemoryCallStore();
  woken = [];
});

function writer() {
  return wakingWriter(store, () => woken.push(store.callbacks.length));
}

test('wakes the deliveries once what is to be delivered is there', async () => {
  await store.insert(aCall());

  await writer().write([ENTRY, CALLBACK]);

  expect(woken).toEqual([1]);
});

test('leaves them alone when nothing is to be delivered', async () => {
  await store.insert(aCall());

  await writer().write([ENTRY]);

  expect(woken).toEqual([]);
});

test('hands failures on, and wakes nobody', async () => {
  store.before = () => Promise.reject(new Error('away'));

  await expect(writer().write([CALLBACK])).rejects.toThrow('away');
  await expect(writer().ping()).rejects.toThrow('away');

  expect(woken).toEqual([]);
});
