// A proxy in front of a server, as people have them: one that works, and those that break something.

import { createServer, type IncomingMessage, request as forward, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';

export type ProxyFault =
  | 'none'
  /** Takes WebSockets for ordinary requests. */
  | 'strips-upgrade'
  /** Answers WebSockets itself. */
  | 'refuses-upgrade'
  /** Reads JSON and writes it again. */
  | 'rewrites-bodies'
  | 'refuses-posts'
  /** Wants a sign-in of its own for the API. */
  | 'guards-api'
  | 'redirects'
  | 'finds-nothing'
  /** Has a site of its own. */
  | 'is-another';

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(targetPort: number, fault: ProxyFault) {
    this.#server = createServer((request, response) => void serve(request, response, { targetPort, fault }));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
    });
    if (fault === 'strips-upgrade' || fault === 'is-another' || fault === 'redirects') return;
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      if (fault === 'refuses-upgrade') {
        socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const upstream = connect(targetPort, '127.0.0.1', () => upstream.write(headOf(request)));
      upstream.on('error', () => socket.destroy());
      upstream.pipe(socket).pipe(upstream);
    });
  }

  static async start(targetPort: number, fault: ProxyFault): Promise<Proxy> {
    const proxy = new Proxy(targetPort, fault);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

type Way = { readonly targetPort: number; readonly fault: ProxyFault };

async function serve(request: IncomingMessage, response: ServerResponse, { targetPort, fault }: Way): Promise<void> {
  const isApi = request.url?.startsWith('/api') === true;
  if (fault === 'redirects') return void response.writeHead(301, { location: 'https://calls.example.com/' }).end();
  if (fault === 'finds-nothing') return void response.writeHead(502).end('<h1>Bad gateway</h1>');
  if (fault === 'is-another') return void response.writeHead(200).end('<h1>Welcome</h1>');
  if (fault === 'refuses-posts' && request.method === 'POST') return void response.writeHead(405).end();
  if (fault === 'guards-api' && isApi) return void response.writeHead(401).end('Sign in first');
  const body = Buffer.concat(await request.toArray());
  const sent = fault === 'rewrites-bodies' && body.length > 0 ? JSON.stringify(JSON.parse(body.toString())) : body;
  const headers = { ...request.headers, 'content-length': String(Buffer.byteLength(sent)) };
  for (const name of ['upgrade', 'connection', 'transfer-encoding']) delete (headers as Record<string, unknown>)[name];
  const { method, url: path } = request;
  const upstream = forward({ host: '127.0.0.1', port: targetPort, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  upstream.on('error', () => response.writeHead(502).end());
  upstream.end(sent);
}

function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let index = 0; index < rawHeaders.length; index += 2)
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
