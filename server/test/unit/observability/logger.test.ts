import { createLogger, SILENT_LOGGER } from '../../../src/observability/logger';
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

test('writes lines that a person can read', async () => {
  const log = createLogger({ level: 'info', style: 'readable' });

  const [line] = await written(() => log.info('Listening', { port: 3000 }), 1);

  expect(line).toMatch(/^\S+Z info Listening \{"port":3000\}/);
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
