import express from 'express';
import request from 'supertest';
import * as domainErrors from '../../../src/calls/errors';
import { PROBLEMS, problemHandler, ProblemError } from '../../../src/http/problem';
import { RecordingLogger } from '../../support/fakes';

test.each(Object.entries(PROBLEMS))(
  '%s has a status of its kind, a title and a cure',
  (code, { status, title, cure }) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(cure).toMatch(/\.$/);
  },
);

/** Errors that never get as far as an answer: whoever asks is told that something went wrong in the server. */
const INTERNAL = ['RECORD_REFUSED'];

test('every domain error that reaches the API has a problem of its own', () => {
  const codes = Object.values(domainErrors).flatMap((error) => {
    const [, code] = /code = '([A-Z_]+)'/.exec(String(error)) ?? [];
    return code === undefined ? [] : [code];
  });

  expect(codes.length).toBeGreaterThan(5);
  expect(Object.keys(PROBLEMS)).toEqual(expect.arrayContaining(codes.filter((code) => !INTERNAL.includes(code))));
});

test('a problem is an error with its title', () => {
  expect(new ProblemError('CALL_NOT_FOUND')).toMatchObject({ name: 'ProblemError', message: 'There is no such call' });
});

test('bytes after a request that are no HTTP are the fault of whoever sent them, and no line in the log', async () => {
  const log = new RecordingLogger();
  const app = express();
  app.use(() => {
    throw Object.assign(new Error('Parse Error'), { code: 'HPE_CLOSED_CONNECTION' });
  });
  app.use(problemHandler(log));

  const answer = await request(app).get('/');

  expect(answer).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
  expect(log.lines).toEqual([]);
});
