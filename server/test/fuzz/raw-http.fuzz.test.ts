// Bytes on the port that are no request, or not quite one: the connection ends within a bound, and the next client is
// served as if nothing had been.

import fc from 'fast-check';
import { budget, countRun, LIMIT_MS, tellCounts } from './fuzz-budget';
import { FuzzBridge } from './fuzz-bridge';
import { encoded, oddText } from './hostile-values';
import { sendRaw } from './raw-http';

let fuzz: FuzzBridge;

beforeAll(async () => {
  fuzz = await FuzzBridge.start();
}, 30_000);

afterAll(async () => {
  await fuzz.close();
  tellCounts();
}, 30_000);

const UPGRADE =
  'GET /media-bridge?callId=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

const SHAPES = [
  'GET /health HTTP/1.1\r\nHost: x\r\n\r\n',
  'POST /api/ai-calls/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  'POST /api/ai-calls/create HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n',
  'POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx\r\n',
  'POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity, chunked, chunked\r\n\r\n0\r\n\r\n',
  'POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
  'POST /health HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  'GET / HTTP/0.9\r\n\r\n',
  'GET / HTTP/2.0\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n',
  'CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
  `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(20_000)}\r\n\r\n`,
  `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(3_000)}\r\n`,
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
  `${UPGRADE}\r\n`,
  `${UPGRADE}x-telnyx-streaming-auth-token: wrong\r\n\r\n`,
  `${UPGRADE}x-telnyx-streaming-auth-token: a\r\nx-telnyx-streaming-auth-token: b\r\n\r\n`,
  UPGRADE.replace('13', '99999999999'),
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  '\r\n'.repeat(200),
];

type Piece = { readonly text: string; readonly cutAt: number; readonly flipAt: number };

const piece: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: oddText().map((text) => Buffer.from(text)) },
  { weight: 3, arbitrary: fc.constantFrom(...SHAPES).map((text) => Buffer.from(text)) },
  {
    weight: 4,
    arbitrary: fc
      .record<Piece>({ text: fc.constantFrom(...SHAPES), cutAt: fc.nat(1_000), flipAt: fc.nat(1_000) })
      .map(damaged),
  },
);

function damaged({ text, cutAt, flipAt }: Piece): Buffer {
  const bytes = Buffer.from(text, 'latin1').subarray(0, 1 + (cutAt % text.length));
  const at = flipAt % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ 0x20;
  return bytes;
}

test(
  'whatever bytes come, the connection ends and the server goes on',
  async () => {
    const ending = fc.constantFrom('half-close', 'half-close', 'break');
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 4 }), ending, async (chunks, after) => {
        countRun('raw connections');

        const answer = await sendRaw(fuzz.port, { chunks, after });

        expect(answer.status).not.toBe(500);
        expect(answer.body).not.toMatch(/node_modules|\.ts:\d+/);
        await fuzz.expectSound();
      }),
      budget(500),
    );
  },
  LIMIT_MS,
);

test(
  'an upgrade without its token is refused and closed, whatever else it says',
  async () => {
    const target = fc.oneof(
      fc.constantFrom('/media-bridge', '/media-bridge?callId=__proto__', '/', '//', '/media-bridge?callId=a&callId=b'),
      oddText().map((text) => `/media-bridge?callId=${encoded(text.slice(0, 500))}`),
    );
    const token = fc.oneof(
      fc.constantFrom('', 'x', '__proto__'),
      oddText().map((text) => text.replace(/[\r\n\0]/g, '').slice(0, 1_000)),
    );
    await fc.assert(
      fc.asyncProperty(target, token, fc.uint8Array({ maxLength: 50 }), async (path, secret, rest) => {
        countRun('upgrades');
        const head = UPGRADE.replace('/media-bridge?callId=1', path);
        const chunks = [`${head}x-telnyx-streaming-auth-token: ${secret}\r\n\r\n`, Buffer.from(rest)];

        const answer = await sendRaw(fuzz.port, { chunks });

        expect([400, 401]).toContain(answer.status);
        await fuzz.expectSound();
      }),
      budget(150),
    );
  },
  LIMIT_MS,
);
