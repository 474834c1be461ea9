// A carrier whose socket is there and answers nothing any more, as after a fail-over: it is closed all the same. The
// limit of its own that closing a WebSocket has is a matter of seconds.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { SILENT_LOGGER } from '../../src/observability/logger';
import { SYSTEM_CLOCK } from '../../src/app/system-clock';
import { MediaGateway } from '../../src/media/stream/media-gateway';
import { StreamTokens } from '../../src/media/stream/stream-tokens';

const TOKEN_HEADER = 'x-token';

test('a stream whose peer does not answer the close is gone within seconds', async () => {
  const tokens = new StreamTokens('http://localhost', SYSTEM_CLOCK);
  const { url, token } = tokens.issueStream('call-1');
  const announced = (): Promise<undefined> => new Promise(() => undefined);
  const gateway = new MediaGateway({
    tokens,
    tokenHeader: TOKEN_HEADER,
    announced,
    attach: () => true,
    clock: SYSTEM_CLOCK,
    log: SILENT_LOGGER,
  });
  const server = createServer().on('upgrade', (request, socket, head) => gateway.handleUpgrade(request, socket, head));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const { pathname, search } = new URL(url);
  peer.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n${TOKEN_HEADER}: ${token}\r\n\r\n`,
  );
  await once(peer, 'data');
  const startedAtMs = Date.now();

  gateway.close();
  await once(peer, 'close');

  expect(Date.now() - startedAtMs).toBeLessThan(5_000);
  server.close();
});
