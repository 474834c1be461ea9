// GET /: the operator's page, as files that were built beforehand. They hold no data and are for everybody who may
// connect: what the page shows comes from the API, which asks for a key.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { Router, type RequestHandler } from 'express';
import { contentSecurityPolicy } from '../content-security-policy';

const START_FILE = 'index.html';

const CONTENT_SECURITY_POLICY = contentSecurityPolicy({ 'media-src': "'self' blob:", 'form-action': "'self'" });

const NOT_BUILT = `The operator's page is not built. Run \`npm run build\` (or \`npm run dev\`).
The API works without it: see docs/api.md.
`;

/** The routes of the page, whose files lie in `folder`. */
export function pageRouter(folder: string): Router {
  const router = Router();
  const page = withPolicy(folder);
  router.get('/', page, (_request, response) => {
    response.sendFile(START_FILE, { root: folder, dotfiles: 'allow', cacheControl: false });
  });
  router.use('/page', page, express.static(folder, { index: false, redirect: false, cacheControl: false }));
  return router;
}

function withPolicy(folder: string): RequestHandler {
  return (_request, response, next) => {
    response.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    // Asked for again each time and mostly answered with 304: after an update nobody works with the files of before.
    response.set('Cache-Control', 'no-cache');
    // Looked for each time, so that a build is found without a restart.
    if (existsSync(join(folder, START_FILE))) return next();
    response.status(503).type('text/plain').send(NOT_BUILT);
  };
}
