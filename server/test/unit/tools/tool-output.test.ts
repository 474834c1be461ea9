import fc from 'fast-check';
import { z } from 'zod';
import { defineTool, ToolFailure } from '../../../src/tools/tool';
import {
  failureOutput,
  MAX_OUTPUT_CHARACTERS,
  parseArguments,
  successOutput,
  toolFailureOutput,
} from '../../../src/tools/tool-output';

/** Long texts of every kind of character, those that JSON writes as six included. */
const longText = fc
  .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 2_000 }))
  .map(([text, times]) => text.repeat(times));

function parsed(output: string): Readonly<Record<string, unknown>> {
  return JSON.parse(output) as Readonly<Record<string, unknown>>;
}

test('a result is told as it is, and none as null', () => {
  expect(parsed(successOutput({ price: 12 }))).toEqual({ status: 'ok', result: { price: 12 } });
  expect(parsed(successOutput(undefined))).toEqual({ status: 'ok', result: null });
});

test('every text becomes valid JSON of bounded length, with a status, and begins as the text does', () => {
  fc.assert(
    fc.property(longText, (text) => {
      const output = successOutput(text);
      const { status, result, isCut } = parsed(output);

      expect(output.length).toBeLessThanOrEqual(MAX_OUTPUT_CHARACTERS);
      expect(status).toBe('ok');
      expect(text.startsWith(result as string)).toBe(true);
      expect(isCut === true).toBe(result !== text);
    }),
    { numRuns: 200 },
  );
});

test('a long result is cut as late as possible, and says so', () => {
  const output = successOutput({ rows: 'x'.repeat(20_000) });

  expect(output.length).toBe(MAX_OUTPUT_CHARACTERS);
  expect(parsed(output)).toMatchObject({
    status: 'ok',
    isCut: true,
    note: expect.stringMatching(/too long/) as string,
  });
  expect(parsed(output)['result']).toMatch(/^\{"rows":"x+$/);
});

test('a cut does not split a character', () => {
  for (const prefix of ['', 'x']) {
    const { result } = parsed(successOutput(prefix + '😀'.repeat(20_000)));
    expect(result).toMatch(/^x?(😀)+$/u);
  }
});

test('a failure is told in bounded length, without its details when they are too long', () => {
  const failure = new ToolFailure('No luck.', { details: { body: 'x'.repeat(MAX_OUTPUT_CHARACTERS) } });

  expect(parsed(toolFailureOutput(failure))).toEqual({ status: 'error', reason: 'failed', message: 'No luck.' });
  expect(failureOutput('internal', '\0'.repeat(MAX_OUTPUT_CHARACTERS)).length).toBeLessThanOrEqual(
    MAX_OUTPUT_CHARACTERS,
  );
});

test('details of a failure cannot pass for its status', () => {
  const failure = new ToolFailure('No luck.', { details: { status: 'ok' } });

  expect(parsed(toolFailureOutput(failure))).toMatchObject({ status: 'error', details: { status: 'ok' } });
});

test('arguments of any kind are read or refused, and never throw', () => {
  const tool = defineTool({
    name: 'look_up',
    description: 'Looks something up.',
    parameters: z.strictObject({ id: z.int() }),
    run: () => Promise.resolve(),
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseArguments(tool, text).isValid).toBe(false);
    }),
  );
  expect(parseArguments(tool, ' {"id": 3} ')).toEqual({ isValid: true, args: { id: 3 } });
});

test('wrong arguments are named, each with its place', () => {
  const tool = defineTool({
    name: 'look_up',
    description: 'Looks something up.',
    parameters: z.strictObject({ order: z.object({ id: z.int() }), note: z.string() }),
    run: () => Promise.resolve(),
  });

  const result = parseArguments(tool, '{"order":{"id":"x"},"colour":1}');

  expect(result).toMatchObject({ isValid: false });
  expect(JSON.stringify(result)).toMatch(/order\.id: .*note: .*colour/);
});
