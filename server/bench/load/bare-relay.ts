// The yardstick: a process that accepts the same sockets as the server, parses every message and forwards its audio
// unchanged to the other side. Nothing that a phone call needs beyond that. Ends with its parent.

import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const aiUrl = process.argv[2] ?? '';

type PhoneMessage = { readonly event: string; readonly media?: { readonly payload: string } };
type AiMessage = { readonly type: string; readonly delta?: string };

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });

server.on('connection', (phone, request) => {
  const { search } = new URL(request.url ?? '', 'http://localhost');
  const ai = new WebSocket(`${aiUrl}/realtime${search}`, { perMessageDeflate: false });
  // What comes before there is somewhere to forward it to waits in the socket.
  phone.pause();
  ai.on('open', () => phone.resume());
  phone.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as PhoneMessage;
    if (message.event !== 'media' || !message.media) return;
    ai.send(`{"type":"input_audio_buffer.append","audio":"${message.media.payload}"}`);
  });
  ai.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as AiMessage;
    if (message.type !== 'response.output_audio.delta') return;
    phone.send(`{"event":"media","media":{"payload":"${message.delta ?? ''}"}}`);
  });
  phone.on('close', () => ai.close()).on('error', () => ai.terminate());
  ai.on('close', () => phone.close()).on('error', () => phone.terminate());
});

server.on('listening', () => process.send?.({ kind: 'listening', port: (server.address() as AddressInfo).port }));
for (const end of ['disconnect', 'SIGTERM'] as const) process.on(end, () => process.exit());
