// GET and POST /.well-known/ai-calls?nonce=: proves to whoever has the settings of this server that it is this one that
// answers, and that the body came in as it was sent; to nobody else anything. `npm run doctor` asks it from outside.

import { type Request, type RequestHandler, Router } from 'express';
import { type IdentityProof, isNonce } from '../../lib/identity-proof';
import { rawBody } from '../body';
import { ProblemError } from '../problem';

/** Path at which a server proves which one it is. */
export const IDENTITY_PATH = '/.well-known/ai-calls';

const MAX_BODY_BYTES = 4 * 1024;

/** The route of the proof. It is public, cheap, and signs nothing but what nobody else would take for a signature. */
export function identityRouter(identity: Pick<IdentityProof, 'sign'>): Router {
  const answer: RequestHandler = (request: Request, response) => {
    const { nonce } = request.query;
    if (!isNonce(nonce)) {
      throw new ProblemError('VALIDATION_FAILED', [
        { field: 'nonce', message: 'must be 16 to 64 letters, digits, - and _' },
      ]);
    }
    const body = Buffer.isBuffer(request.body) ? request.body : '';
    response.set('Cache-Control', 'no-store').json({ signature: identity.sign({ nonce, body }) });
  };
  const router = Router();
  router.get('/', answer);
  router.post('/', rawBody(MAX_BODY_BYTES), answer);
  return router;
}
