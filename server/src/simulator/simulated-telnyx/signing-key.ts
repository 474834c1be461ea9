/** The Ed25519 key pair that signs webhooks, derived from a seed text so that a restart keeps the public key. */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

// ASN.1 prefix that makes a PKCS #8 private key of 32 raw Ed25519 bytes.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const RAW_KEY_BYTES = 32;

/** A key pair: `publicKey` is base64 of the 32 raw bytes, as Telnyx shows it. */
export type SigningKey = {
  readonly publicKey: string;
  /** Signs `timestamp|body` and returns the base64 signature. */
  sign(timestampSecs: string, body: string): string;
};

/** Derives the key pair of a seed. */
export function signingKey(seed: string): SigningKey {
  const secret = createHash('sha256').update(seed).digest();
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    publicKey: spki.subarray(-RAW_KEY_BYTES).toString('base64'),
    sign: (timestampSecs, body) => sign(null, Buffer.from(`${timestampSecs}|${body}`), privateKey).toString('base64'),
  };
}
