import fc from 'fast-check';
import { CLEAR_FRAME, markFrame, mediaFrame, parseFrame } from '../../../src/carriers/telnyx/stream-frames';

const START = {
  event: 'start',
  sequence_number: '1',
  stream_id: 'stream-1',
  start: {
    user_id: 'user-1',
    call_control_id: 'v3:leg',
    call_session_id: 'session-1',
    client_state: 'YQ==',
    from: '+12025550100',
    tags: [],
    media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 },
  },
};

function changed(change: (frame: typeof START) => void): string {
  const frame = structuredClone(START);
  change(frame);
  return JSON.stringify(frame);
}

describe('reads', () => {
  test('a start frame, and takes numbers that come as text', () => {
    const frame = parseFrame(
      changed(({ start }) => {
        (start.media_format as Record<string, unknown>)['sample_rate'] = '16000';
      }),
    );

    expect(frame).toMatchObject({
      event: 'start',
      stream_id: 'stream-1',
      start: { call_control_id: 'v3:leg', media_format: { encoding: 'PCMU', sample_rate: 16_000 } },
    });
  });

  test.each(['client_state', 'user_id', 'tags'])('a start frame without %s', (field) => {
    const frame = parseFrame(changed(({ start }) => delete (start as Record<string, unknown>)[field]));

    expect(frame).toMatchObject({ event: 'start' });
  });

  test.each([
    ['{"event":"connected","version":"1.0.0"}', 'connected'],
    ['{"event":"connected","connected":{"x-telnyx-streaming-auth-token":"t"}}', 'connected'],
    ['{"event":"stop","sequence_number":"5","stop":{"user_id":"u"}}', 'stop'],
    ['{"event":"dtmf","dtmf":{"digit":"1"}}', 'dtmf'],
    ['{"event":"mark","mark":{"name":"1.2"}}', 'mark'],
    ['{"event":"media","media":{"track":"inbound","chunk":"2","timestamp":"5","payload":"//8="}}', 'media'],
    ['{"event":"error","payload":{"code":100003,"title":"malformed_frame"}}', 'error'],
    ['{"event":"error","payload":{"code":"100004"}}', 'error'],
    ['{"event":"error"}', 'error'],
  ])('%s', (text, event) => {
    expect(parseFrame(text)).toMatchObject({ event });
  });

  test('media without a track as inbound', () => {
    expect(parseFrame('{"event":"media","media":{"payload":"//8="}}')).toMatchObject({ track: 'inbound' });
  });
});

describe('reads audio the same', () => {
  const frame = {
    event: 'media',
    sequence_number: '4',
    stream_id: 'stream-1',
    media: { track: 'inbound', chunk: '2', timestamp: '5', payload: '/+8=' },
  };
  const expected = { event: 'media', track: 'inbound', chunk: 2, payload: '/+8=' };

  test.each([
    ['compact', JSON.stringify(frame)],
    ['with spaces', JSON.stringify(frame, null, 1)],
    ['with escaped slashes', JSON.stringify(frame).replaceAll('/', String.raw`\/`)],
    ['in another order', JSON.stringify({ media: frame.media, stream_id: 's', event: 'media' })],
    ['with a name that could be mistaken', JSON.stringify({ ...frame, stream_id: '"payload":"AAAA"' })],
    ['with a chunk that is a number', JSON.stringify({ ...frame, media: { ...frame.media, chunk: 2 } })],
  ])('%s', (_how, text) => {
    expect(parseFrame(text)).toEqual(expected);
  });

  test.each([['1.5'], ['-'], [''], [null], ['1e400'], [{}]])('without a number when the chunk is %j', (chunk) => {
    const text = JSON.stringify({ ...frame, media: { ...frame.media, chunk } });

    expect(parseFrame(text)).toEqual({ ...expected, chunk: undefined });
  });
});

describe('reads digits', () => {
  test.each(Array.from('0123456789*#ABCD'))('%s', (digit) => {
    const text = JSON.stringify({ event: 'dtmf', sequence_number: '5', stream_id: 's', dtmf: { digit } });

    expect(parseFrame(text)).toEqual({ event: 'dtmf', dtmf: { digit } });
  });

  test.each([
    ['a', 'A'],
    ['d', 'D'],
    [7, '7'],
  ])('that come as %j', (digit, expected) => {
    expect(parseFrame(JSON.stringify({ event: 'dtmf', dtmf: { digit } }))).toMatchObject({ dtmf: { digit: expected } });
  });

  test.each<[unknown]>([['12'], [''], ['E'], ['w'], [' 1'], ['1\n'], [12], [-1], [1.5], [null], [['1']], [{}]])(
    'and not %j',
    (digit) => {
      expect(parseFrame(JSON.stringify({ event: 'dtmf', dtmf: { digit } }))).toEqual({ event: 'unreadable' });
    },
  );
});

describe('does not read', () => {
  test('a frame of a kind that it does not know, which is no fault of the frame', () => {
    expect(parseFrame('{"event":"unheard_of"}')).toEqual({ event: 'unknown' });
    expect(parseFrame('{"event":"__proto__"}')).toEqual({ event: 'unknown' });
  });

  test.each([
    '',
    'null',
    '[]',
    '"start"',
    '5',
    '{',
    '{}',
    '{"event":5}',
    '{"event":"media"}',
    '{"event":"media","media":{}}',
    '{"event":"media","media":{"payload":5}}',
    '{"event":"mark","mark":{}}',
    '{"event":"mark"}',
    '{"event":"dtmf"}',
    '{"event":"dtmf","dtmf":{}}',
    '{"event":"start"}',
    '{"event":"start","stream_id":"s","start":{}}',
  ])('%s', (text) => {
    expect(parseFrame(text)).toEqual({ event: 'unreadable' });
  });

  test.each<[unknown]>([['not a number'], [{}], [{ valueOf: 1, toString: 1 }], [[]]])(
    'a sample rate of %j',
    (sampleRate) => {
      const text = changed(({ start }) => {
        (start.media_format as Record<string, unknown>)['sample_rate'] = sampleRate;
      });
      const frame = parseFrame(text);

      if (frame.event === 'start') expect(frame.start.media_format.sample_rate).not.toBe(8_000);
    },
  );
});

test('no text whatever makes it throw', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        event: fc.constantFrom('start', 'media', 'mark', 'error', 'stop', 'dtmf'),
        dtmf: fc.anything(),
        media: fc.anything(),
        start: fc.anything(),
        mark: fc.anything(),
        payload: fc.anything(),
      })
      .map((frame) => JSON.stringify(frame)),
  );
  fc.assert(
    fc.property(anything, (text) => {
      expect(() => parseFrame(text)).not.toThrow();
    }),
    { numRuns: 300 },
  );
});

describe('writes', () => {
  test('audio as media in standard base64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 800 }), (audio) => {
        const frame = JSON.parse(mediaFrame(Buffer.from(audio)).toString()) as {
          event: string;
          media: { payload: string };
        };

        expect(frame.event).toBe('media');
        expect(Buffer.from(frame.media.payload, 'base64').equals(Buffer.from(audio))).toBe(true);
      }),
    );
  });

  test('a part of a larger buffer, and not its neighbours', () => {
    const whole = Buffer.of(1, 2, 3, 4, 5, 6);

    const frame = JSON.parse(mediaFrame(whole.subarray(2, 4)).toString()) as { media: { payload: string } };

    expect([...Buffer.from(frame.media.payload, 'base64')]).toEqual([3, 4]);
  });

  test('marks with any name, and clears', () => {
    expect(JSON.parse(markFrame('1."2').toString())).toEqual({ event: 'mark', mark: { name: '1."2' } });
    expect(JSON.parse(CLEAR_FRAME.toString())).toEqual({ event: 'clear' });
  });
});
