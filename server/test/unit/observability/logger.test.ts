import { endCall } from '../../../src/calls/end-call';
import type { Logger } from '../../../src/calls/ports';
import { createLogger, SILENT_LOGGER } from '../../../src/observability/logger';
import { aCharge } from '../../support/builders';
import { until } from '../../support/until';

/** What is written to standard output meanwhile. */
async function written(write: () => void, lines: number): Promise<string[]> {
  const chunks: string[] = [];
  // Winston's console transport writes to the stream directly, or through the console that jest replaces.
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => chunks.push(String(chunk)) > 0),
    jest.spyOn(console, 'log').mockImplementation((line) => void chunks.push(String(line))),
  ];
  const stdout = (console as { _stdout?: NodeJS.WriteStream })._stdout;
  if (stdout) spies.push(jest.spyOn(stdout, 'write').mockImplementation((chunk) => chunks.push(String(chunk)) > 0));
  write();
  await until(() => chunks.length >= lines);
  for (const spy of spies) spy.mockRestore();
  return chunks;
}

test('writes one JSON object a line, redacted', async () => {
  const log = createLogger({ level: 'info', style: 'json' });

  const [line] = await written(() => log.warn('The dial failed', { callId: 'c', to: '+12025550123' }), 1);

  expect(JSON.parse(line!)).toMatchObject({ level: 'warn', message: 'The dial failed', callId: 'c', to: '[redacted]' });
});

test('a line begins with the time, the level, what happened and in which call, whatever else there is', async () => {
  const log = createLogger({ level: 'info', style: 'json' });
  const odd = { zeta: 1, alpha: { z: 1n, a: 2 }, callId: 'c', beta: undefined };

  const [line] = await written(() => log.info('What', odd), 1);
  const [without] = await written(() => log.info('What', { alpha: 1 }), 1);

  expect(line!.trimEnd()).toMatch(
    /^\{"timestamp":"[^"]+","level":"info","message":"What","callId":"c","zeta":1,"alpha":\{"z":"1","a":2\}\}$/,
  );
  expect(Object.keys(JSON.parse(without!) as object)).toEqual(['timestamp', 'level', 'message', 'alpha']);
});

describe('lines for a person', () => {
  const CALL = { callId: '3b11c33e-8c05-40dd-8b7d-43c999b26456', carrierCallId: 'v3:leg' };

  /** What a terminal would show, without the time and the end of the line. */
  async function shown(write: (log: Logger) => void, hasColours = false): Promise<string> {
    const log = createLogger({ level: 'debug', style: 'readable', hasColours });
    const [line] = await written(() => write(log), 1);
    expect(line).toMatch(/^(?:\S*\[2m)?\d\d:\d\d:\d\d\.\d{3}/);
    return line!.trimEnd();
  }

  test('have the time, the level, the call by its first letters, what happened, and the facts', async () => {
    const line = await shown((log) => log.info('ai.ready', { ...CALL, connectMs: 136, what: 'two words' }));

    expect(line).toMatch(/^\S+ info {2}3b11c33e ai\.ready {15}connectMs=136 what="two words"$/);
  });

  test('keep what happened in one column, with a call or without', async () => {
    const without = await shown((log) => log.info('Listening', { port: 3000 }));

    expect(without.indexOf('Listening')).toBe((await shown((log) => log.info('Listening', CALL))).indexOf('Listening'));
  });

  test('tell of a verdict its reason first, of a charge what it cost, of a turn who spoke', async () => {
    const verdict = { ...endCall('callee-busy', { sipCode: 486 }) };
    const turn = { speaker: 'callee', text: 'canary', startedAtMs: 1, isInterrupted: false };

    expect(await shown((log) => log.info('call.busy', { verdict }))).toContain(
      'verdict=callee-busy (result=callee-unavailable endedBy=callee sipCode=486)',
    );
    expect(await shown((log) => log.info('usage.added', { charge: aCharge() }))).toMatch(
      /charge=\(source=response .*usd=0\.002\)$/,
    );
    expect(await shown((log) => log.info('turn.finished', { turn }))).toMatch(
      /turn=\(speaker=callee isInterrupted=false\)/,
    );
  });

  test('have the stack of a fault below, and none of what was to be expected', async () => {
    const error = new Error('It broke.', { cause: new TypeError('no +12025550123') });

    const fault = await shown((log) => log.error('A fault', { error }));
    const expected = await shown((log) => log.warn('A refusal', { error }));

    expect(fault).toMatch(/error="Error: It broke\." <- "TypeError: no \[redacted\]"\n {4}at /);
    expect(expected).not.toContain('\n');
  });

  test('have no colours unless they may, and each call its own when they do', async () => {
    const plain = await shown((log) => log.warn('x', CALL));
    const coloured = await shown((log) => log.warn('x', CALL), true);

    expect(plain).not.toContain('\u001B');
    expect(coloured).toContain('\u001B[33mwarn');
    // oxlint-disable-next-line no-control-regex
    expect(coloured.replaceAll(/\u001B\[\d+m/g, '')).toMatch(/^\S+ warn {2}3b11c33e x$/);
  });

  test('have no colours where the output is no terminal', async () => {
    const [line] = await written(() => createLogger({ level: 'info', style: 'readable' }).info('x', CALL), 1);

    expect(line).not.toContain('\u001B');
  });

  test.each(['\u001B[2Jcanary', 'two\nlines', '\u009B2J', 'a\u2028b', '\r'])(
    'cannot be broken, coloured or overwritten by what stands in a field: %j',
    async (value) => {
      const line = await shown((log) => log.info('x', { value, [value]: value, nested: { [value]: value } }));

      // oxlint-disable-next-line no-control-regex
      expect(line).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]/);
    },
  );

  test('take whatever a field holds', async () => {
    const odd = [
      1n,
      Symbol('x'),
      () => 1,
      NaN,
      null,
      undefined,
      [[1], {}],
      { charge: 1 },
      new Date(0),
      Buffer.alloc(3),
    ];
    for (const value of odd) {
      await shown((log) => log.info('x', { value, verdict: value, charge: value, error: value, callId: value }));
    }
  });
});

test('leaves out what is below the level', async () => {
  const log = createLogger({ level: 'warn', style: 'json' });

  const lines = await written(() => {
    log.debug('no');
    log.info('no');
    log.error('yes');
  }, 1);

  expect(lines).toHaveLength(1);
});

test('a field cannot pass itself off as the message or the level', async () => {
  const log = createLogger({ level: 'info', style: 'json' });

  const [line] = await written(() => log.info('The truth', { message: 'a lie', level: 'error' }), 1);

  expect(JSON.parse(line!)).toMatchObject({ level: 'info', message: 'The truth' });
});

test('the silent one says nothing', () => {
  expect(() => {
    SILENT_LOGGER.debug('x');
    SILENT_LOGGER.info('x');
    SILENT_LOGGER.warn('x');
    SILENT_LOGGER.error('x');
  }).not.toThrow();
});
