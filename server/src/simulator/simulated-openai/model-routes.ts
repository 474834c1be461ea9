/** The HTTP side of the simulated server: the model list, which tells whether a key works and a model is there. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hasKey, pathOf } from './admission';
import { isListedModel, modelObject, REALTIME_MODELS } from './models';

const MODELS_PATH = '/v1/models';

/** Answers one HTTP request. */
export function answerHttp(request: IncomingMessage, response: ServerResponse, apiKey: string): void {
  const path = pathOf(request);
  if (!hasKey(request, apiKey)) {
    return fail(response, 401, { code: 'invalid_api_key', message: 'Incorrect API key provided.' });
  }
  if (request.method === 'GET' && path === MODELS_PATH) {
    return send(response, 200, { object: 'list', data: REALTIME_MODELS.map(modelObject) });
  }
  if (request.method !== 'GET' || !path.startsWith(`${MODELS_PATH}/`)) {
    return fail(response, 404, { code: 'not_found', message: `Invalid URL (${request.method} ${path})` });
  }
  const model = decodeURIComponent(path.slice(MODELS_PATH.length + 1));
  if (isListedModel(model)) return send(response, 200, modelObject(model));
  fail(response, 404, { code: 'model_not_found', message: `The model '${model}' does not exist` });
}

function fail(response: ServerResponse, status: number, error: { code: string; message: string }): void {
  send(response, status, { error: { ...error, type: 'invalid_request_error', param: null } });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
