// Following an event stream over connections that break.

import { ApiError, isRefusal, type StreamRequest } from '../../../page/api.ts';
import { follow, type Link, pauseMs } from '../../../page/follow.ts';

type Connection = { readonly text: string } | { readonly error: Error } | 'complete';

type Followed = {
  readonly data: string[];
  readonly links: Link[];
  readonly notices: string[];
  readonly pauses: number[];
  readonly places: unknown[];
};

/** Follows connections one after the other until `end` comes, or the last of them is used up. */
function followed(...connections: readonly Connection[]): Promise<Followed> {
  return followedUnless(({ isPassing }) => !isPassing, connections);
}

async function followedUnless(
  isFinal: (error: ApiError) => boolean,
  connections: readonly Connection[],
): Promise<Followed> {
  const result: Followed = { data: [], links: [], notices: [], pauses: [], places: [] };
  const stop = new AbortController();
  await follow({
    open: ({ lastEventId }: StreamRequest) => {
      const next = connections[result.places.length];
      result.places.push(lastEventId);
      if (!next) stop.abort();
      if (!next || next === 'complete') return Promise.resolve(undefined);
      return 'error' in next ? Promise.reject(next.error) : Promise.resolve(new Blob([next.text]).stream());
    },
    onEvent: ({ event, data }) => {
      result.data.push(data);
      return event === 'end';
    },
    onLink: (link, notice) => {
      result.links.push(link);
      if (notice !== '') result.notices.push(notice);
    },
    isFinal,
    signal: stop.signal,
    pause: (ms) => {
      result.pauses.push(ms);
      return Promise.resolve();
    },
  });
  return result;
}

const LOST = new ApiError('The server does not answer.', 0, 'NO_ANSWER');

test('it goes on where it was, and ends at the end', async () => {
  const { data, links, places } = await followed(
    { text: 'id: 1\ndata: one\n\nid: 2\ndata: two\n\nid: 3\ndata: cut o' },
    { text: 'id: 3\ndata: three\n\nevent: end\ndata: {}\n\n' },
  );

  expect(data).toEqual(['one', 'two', 'three', '{}']);
  expect(places).toEqual([undefined, '2']);
  expect(links).toEqual(['connecting', 'live', 'lost', 'live']);
});

test('it becomes more patient with each failure, and starts anew when something came', async () => {
  const { pauses } = await followed(
    { error: LOST },
    { error: LOST },
    { error: LOST },
    { text: 'data: x\n\n' },
    'complete',
  );

  expect(pauses[1]).toBeGreaterThan(pauses[0]! * 1.2);
  expect(pauses[2]).toBeGreaterThan(pauses[1]! * 1.2);
  expect(pauses[3]).toBeLessThanOrEqual(500);
});

test('it never waits for longer than a quarter of a minute, and never less than it should', () => {
  expect(pauseMs(50, 1)).toBe(15_000);
  expect(pauseMs(1, 0)).toBe(375);
});

test('a server that says no is not asked again', async () => {
  await expect(followed({ error: new ApiError('No', 401, 'UNAUTHORIZED') })).rejects.toMatchObject({ status: 401 });
});

test('a stream that is there for good is asked for again, whoever says that there is none, until the key is refused', async () => {
  const noSuchPage = new ApiError('404 Not Found', 404, 'NOT_FOUND');
  const { data, notices } = await followedUnless(isRefusal, [{ error: noSuchPage }, { text: 'data: one\n\n' }]);

  expect(data).toEqual(['one']);
  expect(notices).toEqual(['404 Not Found']);
  const refused = new ApiError('No such key.', 401, 'UNAUTHORIZED');
  await expect(followedUnless(isRefusal, [{ error: refused }])).rejects.toBe(refused);
});

test('a server that is busy is asked again', async () => {
  const { places, notices } = await followed({ error: new ApiError('Busy', 503, 'TOO_MANY_STREAMS') }, 'complete');

  expect(places).toHaveLength(2);
  expect(notices).toEqual(['Busy']);
});

test('a stream that has nothing more is left alone', async () => {
  expect((await followed('complete')).places).toHaveLength(1);
});

test('a connection that is lost has no words of the server, nor those of an earlier refusal', async () => {
  const busy = { error: new ApiError('Busy', 503, 'TOO_MANY_STREAMS') };
  const { notices, links } = await followed(busy, { text: 'data: x\n\n' }, { error: LOST }, 'complete');

  expect(links).toEqual(['connecting', 'lost', 'live', 'lost', 'lost']);
  expect(notices).toEqual(['Busy']);
});
