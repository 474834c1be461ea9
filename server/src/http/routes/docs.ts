// GET /openapi.json and GET /docs: what the API can do, for programs and for people. Both are for everybody: they tell
// what stands in the repository anyway, and nothing about this installation.

import { dirname, join } from 'node:path';
import { type RequestHandler, type Response, Router } from 'express';
import { contentSecurityPolicy } from '../content-security-policy';
import { openApiDocument } from '../openapi/document';
import { ProblemError } from '../problem';

const UI_FOLDER = dirname(require.resolve('swagger-ui-dist/package.json'));

/** What the page needs of Swagger UI; nothing else of it is served. */
const UI_FILES: ReadonlySet<string> = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']);

// Its icons are data: URLs. A form of it would go nowhere: it asks the API by fetch.
const CONTENT_SECURITY_POLICY = contentSecurityPolicy();

// All addresses are relative: a proxy may put a path in front.
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>AI Calls: API</title>
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <script src="docs/swagger-ui-bundle.js" defer></script>
    <script src="docs/start.js" defer></script>
  </head>
  <body>
    <main id="api"></main>
    <noscript>This page needs JavaScript. The same for programs: <a href="openapi.json">openapi.json</a>.</noscript>
  </body>
</html>
`;

// A key that is typed in stays in the memory of the page, and nobody else is asked whether the document is valid.
const START_SCRIPT = `'use strict';
window.SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#api',
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  queryConfigEnabled: false,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
`;

/** The routes of the document and of the page that shows it. */
export function docsRouter(): Router {
  const router = Router();
  // Made when it is first asked for, as most servers never are; written once, as strangers may ask again and again.
  let document: Buffer | undefined;

  router.get('/openapi.json', (_request, response) => {
    document ??= Buffer.from(JSON.stringify(openApiDocument()));
    send(response, { type: 'application/json; charset=utf-8', content: document });
  });

  router.get('/docs', withPolicy, (request, response) => {
    // Relative addresses mean something else below a slash.
    if (request.path.endsWith('/')) return response.redirect(308, '../docs');
    send(response, { type: 'text/html; charset=utf-8', content: PAGE });
  });

  router.get('/docs/start.js', withPolicy, (_request, response) => {
    send(response, { type: 'text/javascript; charset=utf-8', content: START_SCRIPT });
  });

  router.get('/docs/:file', withPolicy, (request, response) => {
    const file = String(request.params['file']);
    if (!UI_FILES.has(file)) throw new ProblemError('ROUTE_NOT_FOUND');
    response.set('Cache-Control', 'no-cache');
    // The packages may lie below a folder whose name begins with a dot.
    response.sendFile(join(UI_FOLDER, file), { dotfiles: 'allow', cacheControl: false });
  });

  return router;
}

const withPolicy: RequestHandler = (_request, response, next) => {
  response.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  next();
};

/** Asked for again each time, and mostly answered with 304: nobody reads what an older server could do. */
function send(
  response: Response,
  { type, content }: { readonly type: string; readonly content: string | Buffer },
): void {
  response.set({ 'Content-Type': type, 'Cache-Control': 'no-cache' }).send(content);
}
