// A certificate that nobody vouches for, written by hand: node can read certificates and not make any.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const ED25519 = Buffer.from('300506032b6570', 'hex');

/** A certificate of its own key for 127.0.0.1, PEM. */
export function selfSigned(validTo: Date): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const tbs = sequence(
    Buffer.from('a003020102', 'hex'),
    element(0x02, Buffer.from([1])),
    ED25519,
    name('127.0.0.1'),
    sequence(time(new Date('2020-01-01T00:00:00Z')), time(validTo)),
    name('127.0.0.1'),
    publicKey.export({ format: 'der', type: 'spki' }),
  );
  const signature = sign(null, tbs, privateKey);
  const der = sequence(tbs, ED25519, element(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return { key: pem(privateKey), cert: certificate(der) };
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

function name(text: string): Buffer {
  const commonName = sequence(Buffer.from('0603550403', 'hex'), element(0x0c, Buffer.from(text)));
  return sequence(element(0x31, commonName));
}

function time(date: Date): Buffer {
  return element(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));
}

function pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function certificate(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
