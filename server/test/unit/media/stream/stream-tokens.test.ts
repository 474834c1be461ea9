import { MEDIA_PATH, StreamTokens } from '../../../../src/media/stream/stream-tokens';
import { aCallId } from '../../../support/builders';
import { ManualClock } from '../../../support/manual-clock';

const CALL = aCallId(1);
const OTHER_CALL = aCallId(2);

let clock: ManualClock;
let tokens: StreamTokens;

beforeEach(() => {
  clock = new ManualClock();
  tokens = new StreamTokens('https://bridge.example', clock);
});

function path(callId: string): string {
  return `${MEDIA_PATH}?callId=${callId}`;
}

test.each([
  ['https://bridge.example', 'wss://bridge.example'],
  ['http://127.0.0.1:3000', 'ws://127.0.0.1:3000'],
  ['https://bridge.example/behind/a/path', 'wss://bridge.example/behind/a/path'],
])('a server at %s is reached by the carrier at %s', (publicUrl, streamUrl) => {
  const { url } = new StreamTokens(publicUrl, clock).issueStream(CALL);

  expect(url).toBe(`${streamUrl}/media-bridge?callId=${CALL}`);
});

test('a token opens the way to its call once', () => {
  const { token } = tokens.issueStream(CALL);

  expect(tokens.redeem(path(CALL), token)).toBe(CALL);
  expect(tokens.redeem(path(CALL), token)).toBeUndefined();
});

test('tokens are long, and never the same', () => {
  const issued = Array.from({ length: 100 }, () => tokens.issueStream(CALL).token);

  expect(new Set(issued).size).toBe(100);
  expect(Buffer.from(issued[0]!, 'base64url').length).toBeGreaterThanOrEqual(32);
});

test('a retry does not take the first token away, and each works once', () => {
  const first = tokens.issueStream(CALL);
  const second = tokens.issueStream(CALL);

  expect(tokens.redeem(path(CALL), second.token)).toBe(CALL);
  expect(tokens.redeem(path(CALL), second.token)).toBeUndefined();
  expect(tokens.redeem(path(CALL), first.token)).toBe(CALL);
});

test('a token of another call is worth nothing, and is not used up by the attempt', () => {
  const { token } = tokens.issueStream(CALL);
  tokens.issueStream(OTHER_CALL);

  expect(tokens.redeem(path(OTHER_CALL), token)).toBeUndefined();
  expect(tokens.redeem(path(CALL), token)).toBe(CALL);
});

test.each(['', 'wrong', 'a'.repeat(10_000), '\u0000', 'undefined'])('the token %# is refused', (token) => {
  tokens.issueStream(CALL);

  expect(tokens.redeem(path(CALL), token)).toBeUndefined();
});

test('nothing opens after the call is over', () => {
  const { token } = tokens.issueStream(CALL);

  tokens.revoke(CALL);

  expect(tokens.redeem(path(CALL), token)).toBeUndefined();
  expect(() => tokens.revoke(CALL)).not.toThrow();
});

test.each([
  '/',
  '/media-bridge',
  `/media-bridge/?callId=${CALL}`,
  `/other?callId=${CALL}`,
  `/media-bridge?callId=`,
  `/media-bridge?callid=${CALL}`,
  `/api/../media-bridge/x?callId=${CALL}`,
  '//',
  'http://[',
  '/%',
  '',
])('a request for %j opens nothing, whatever the token', (url) => {
  const { token } = tokens.issueStream(CALL);

  expect(tokens.redeem(url, token)).toBeUndefined();
});

describe('while the stream is lost', () => {
  let first: string;

  beforeEach(() => {
    first = tokens.issueStream(CALL).token;
    tokens.redeem(path(CALL), first);
  });

  test('the token that it came with works once more, and only once', () => {
    tokens.reopen(CALL);
    tokens.reopen(CALL);

    expect(tokens.redeem(path(CALL), first)).toBe(CALL);
    expect(tokens.redeem(path(CALL), first)).toBeUndefined();
  });

  test('it works again at the next loss', () => {
    tokens.reopen(CALL);
    tokens.redeem(path(CALL), first);

    tokens.reopen(CALL);

    expect(tokens.redeem(path(CALL), first)).toBe(CALL);
  });

  test('a new token works beside it; what came first makes the old one worthless', () => {
    tokens.reopen(CALL);
    const second = tokens.issueStream(CALL).token;

    expect(tokens.redeem(path(CALL), second)).toBe(CALL);
    expect(tokens.redeem(path(CALL), first)).toBeUndefined();
  });

  test('a new token that was issued outlasts the return of the old one', () => {
    tokens.reopen(CALL);
    const second = tokens.issueStream(CALL).token;

    expect(tokens.redeem(path(CALL), first)).toBe(CALL);
    expect(tokens.redeem(path(CALL), second)).toBe(CALL);
  });

  test('the last token counts, not those before it', () => {
    const second = tokens.issueStream(CALL).token;
    tokens.redeem(path(CALL), second);

    tokens.reopen(CALL);

    expect(tokens.redeem(path(CALL), first)).toBeUndefined();
    expect(tokens.redeem(path(CALL), second)).toBe(CALL);
  });

  test('a call that is over stays closed', () => {
    tokens.revoke(CALL);

    tokens.reopen(CALL);

    expect(tokens.redeem(path(CALL), first)).toBeUndefined();
  });
});

test('a token that was never used cannot be doubled', () => {
  const { token } = tokens.issueStream(CALL);

  tokens.reopen(CALL);

  expect(tokens.redeem(path(CALL), token)).toBe(CALL);
  expect(tokens.redeem(path(CALL), token)).toBeUndefined();
});

describe('a token', () => {
  const LIFETIME_MS = 5 * 60_000;

  test('works for five minutes, which is longer than any phone rings', () => {
    const { token } = tokens.issueStream(CALL);
    clock.advance(LIFETIME_MS - 1);

    expect(tokens.redeem(path(CALL), token)).toBe(CALL);
  });

  test('is worth nothing after that', () => {
    const { token } = tokens.issueStream(CALL);
    clock.advance(LIFETIME_MS);

    expect(tokens.redeem(path(CALL), token)).toBeUndefined();
  });

  test('is not made younger by another one, nor by an attempt', () => {
    const { token } = tokens.issueStream(CALL);
    clock.advance(LIFETIME_MS - 1);
    const second = tokens.issueStream(CALL);
    tokens.redeem(path(CALL), 'wrong');
    clock.advance(1);

    expect(tokens.redeem(path(CALL), token)).toBeUndefined();
    expect(tokens.redeem(path(CALL), second.token)).toBe(CALL);
  });

  test('does not mind the wall clock', () => {
    const { token } = tokens.issueStream(CALL);
    clock.jumpWallClock(24 * 3_600_000);

    expect(tokens.redeem(path(CALL), token)).toBe(CALL);
  });

  test('that a stream came with works again for five minutes from its loss, an hour into the call', () => {
    const { token } = tokens.issueStream(CALL);
    tokens.redeem(path(CALL), token);
    clock.advance(3_600_000);
    tokens.reopen(CALL);
    clock.advance(LIFETIME_MS - 1);

    expect(tokens.redeem(path(CALL), token)).toBe(CALL);
  });

  test('that a stream came with does not work for longer than that', () => {
    const { token } = tokens.issueStream(CALL);
    tokens.redeem(path(CALL), token);
    tokens.reopen(CALL);
    clock.advance(LIFETIME_MS);

    expect(tokens.redeem(path(CALL), token)).toBeUndefined();
  });
});
