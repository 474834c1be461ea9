// The files with which the server is deployed, and docs/deploy.md, against the code: what they name exists, and what they
// allow is enough.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DRAIN_SIGNALS } from '../../../src/app/stop-signals';
import { loadConfig, SETTING_NAMES } from '../../../src/config/config';
import { WEBHOOK_PATH } from '../../../src/http/http-app';

const root = join(__dirname, '../../../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const dockerfile = read('Dockerfile');
const ignored = read('.dockerignore').split('\n');
const compose = read('compose.yaml');
const render = read('render.yaml');
const guide = read('docs/deploy.md');
const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

// Goodbyes 12 s, hang-ups 15, records and callbacks 5, the database 3: see app/lifecycle.ts and app/compose.ts.
const AFTER_DRAIN_SECONDS = 35;

const DEFAULTS = loadConfig({
  BASE_PUBLIC_URL: 'https://calls.example.com',
  TELNYX_API_KEY: 'k',
  TELNYX_PUBLIC_KEY: Buffer.alloc(32, 1).toString('base64'),
  TELNYX_CONNECTION_ID: '1',
  TELNYX_FROM_NUMBER: '+12025550100',
  OPENAI_API_KEY: 'k',
});

function numberAfter(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1]);
}

function names(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}

function scriptsOf(name: string): string {
  const script = scripts[name] ?? '';
  return [script, ...names(script, /npm run (?:--silent )?([\w:]+)/g).map(scriptsOf)].join(' && ');
}

function copied(): string[] {
  return names(dockerfile, /^COPY (?!--from)(.+) \S+$/gm).flatMap((line) => line.split(' '));
}

test('the image is built from files that exist, and every file that the build names is among them', () => {
  const build = scriptsOf('build');
  const needed = [
    ...names(build, /(tsconfig[\w.]*\.json)/g),
    ...names(build, /'(server\/[a-z]+)\//g),
    ...names(build, /'(server\/[a-z]+)'/g),
  ];

  expect(copied().filter((path) => !existsSync(join(root, path)))).toEqual([]);
  expect(needed.length).toBeGreaterThan(1);
  expect(copied()).toEqual(expect.arrayContaining(needed));
});

test('.dockerignore lets in what is copied, and nothing that is a secret', () => {
  expect(ignored).toContain('*');
  expect(ignored).toEqual(expect.arrayContaining(copied().map((path) => `!${path}`)));
  for (const secret of ['!.env', '!data', '!node_modules', '!.git']) expect(ignored).not.toContain(secret);
});

test('the image starts the built server as npm start does, as the first process, and not as root', () => {
  const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '') as string[];

  expect(`exec ${command.join(' ')}`).toBe(scripts['start']);
  expect(dockerfile).not.toMatch(/^ENTRYPOINT/m);
  expect(dockerfile.lastIndexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('FROM '));
});

test('wherever the built server is started, its memory has the limits of npm start', () => {
  const flags = (scripts['start'] ?? '').split(' ').filter((word) => word.startsWith('--'));
  const commands = ['docs/deploy.md', 'docs/operations.md'].flatMap((file) =>
    names(read(file), /(?<!exec )(node [^`\n]*dist\/main\.js)/g),
  );

  expect(flags.length).toBeGreaterThan(0);
  expect(commands.length).toBeGreaterThan(2);
  for (const command of commands) expect(command).toContain(`node ${flags.join(' ')} `);
});

test('the image runs the oldest Node that the package allows', () => {
  const engines = (JSON.parse(read('package.json')) as { readonly engines: { readonly node: string } }).engines;

  expect(engines.node).toBe(`>=${/NODE_IMAGE=node:(\d+)/.exec(dockerfile)?.[1]}`);
});

test('ports are the one that the server listens on', () => {
  const port = DEFAULTS.http.port;

  expect(numberAfter(dockerfile, /^EXPOSE (\d+)/m)).toBe(port);
  expect(numberAfter(dockerfile, /PORT=(\d+)/)).toBe(port);
  expect(compose).toContain(`127.0.0.1:${port}:${port}`);
  expect(numberAfter(render, /key: PORT\n\s+value: '(\d+)'/)).toBe(port);
  expect(numberAfter(guide, /internal_port = (\d+)/)).toBe(port);
  expect(guide).toContain(`proxy_pass http://127.0.0.1:${port}`);
});

test('signals are those that the server drains at', () => {
  const signals = [/^STOPSIGNAL (\w+)/m.exec(dockerfile)?.[1], /kill_signal = "(\w+)"/.exec(guide)?.[1]];

  for (const signal of signals) expect(DRAIN_SIGNALS).toContain(signal);
});

test('every platform waits longer than the server may take to stop', () => {
  const renderDrain = numberAfter(render, /key: DRAIN_SECONDS\n\s+value: '(\d+)'/);
  const flyDrain = numberAfter(guide, /DRAIN_SECONDS = "(\d+)"/);
  const { drainSeconds } = DEFAULTS;

  expect(numberAfter(compose, /stop_grace_period: (\d+)s/)).toBeGreaterThan(drainSeconds + AFTER_DRAIN_SECONDS);
  expect(numberAfter(render, /maxShutdownDelaySeconds: (\d+)/)).toBeGreaterThan(renderDrain + AFTER_DRAIN_SECONDS);
  expect(numberAfter(guide, /kill_timeout = (\d+)/)).toBeGreaterThan(flyDrain + AFTER_DRAIN_SECONDS);
  expect(numberAfter(guide, /TimeoutStopSec=(\d+)/)).toBeGreaterThan(drainSeconds + AFTER_DRAIN_SECONDS);
  expect(numberAfter(guide, /--stop-timeout (\d+)/)).toBeGreaterThan(drainSeconds + AFTER_DRAIN_SECONDS);
});

test('what a stop takes after the drain is what the code allows it', () => {
  const limits = ['app/lifecycle.ts', 'app/compose.ts']
    .flatMap((file) => [
      ...read(`server/src/${file}`).matchAll(
        /^(?:export )?const (LEAVE|END_ALL|SETTLE|RELEASE)_LIMIT_MS = ([\d_]+);/gm,
      ),
    ])
    .map(([, , ms = '']) => Number(ms.replaceAll('_', '')));

  expect(limits).toHaveLength(4);
  expect(limits.reduce((sum, ms) => sum + ms, 0) / 1000).toBe(AFTER_DRAIN_SECONDS);
});

test('settings that are set are settings', () => {
  const ofOthers = new Set(['NODE_ENV', 'POSTGRES_PASSWORD', 'POSTGRES_USER', 'POSTGRES_DB']);
  const set = [
    ...names(dockerfile, /^(?:ENV| {3}) ?([A-Z][A-Z_]+)=/gm),
    ...names(compose, /^ {6}([A-Z][A-Z_]+):/gm),
    ...names(render, /key: ([A-Z_]+)/g),
  ].filter((name) => !ofOthers.has(name));

  expect(set.length).toBeGreaterThan(10);
  expect(SETTING_NAMES).toEqual(expect.arrayContaining(set));
});

test('every required setting is asked for by the blueprint', () => {
  const required = SETTING_NAMES.filter((name) => new RegExp(`^${name}=`, 'm').test(read('.env.example')));

  expect(names(render, /key: ([A-Z_]+)/g)).toEqual(expect.arrayContaining([...required, 'API_KEYS']));
});

test('no file holds a secret: the blueprint asks, compose reads', () => {
  for (const name of names(render, /key: (\w*(?:KEY|KEYS))\n/g))
    expect(render).toContain(`key: ${name}\n        sync: false`);
  expect(compose).toContain('env_file: .env');
  expect(compose).not.toMatch(/PASSWORD: (?!\$\{POSTGRES_PASSWORD)/);
});

test('health checks ask for life, not for readiness', () => {
  expect(dockerfile).toMatch(/HEALTHCHECK[^]*\/health/);
  expect(render).toContain('healthCheckPath: /health');
  expect(guide).toContain('path = "/health"');
  for (const text of [dockerfile, render]) expect(text).not.toContain('/ready');
});

test('nowhere does a new server take requests about calls that an old one still has', () => {
  // Render lets two overlap unless there is a disk; Fly makes two machines by itself.
  expect(render).toMatch(/disk:\n\s+name: \w+\n\s+mountPath: \/data/);
  expect(render).toContain('numInstances: 1');
  expect(guide).toContain('RAILWAY_DEPLOYMENT_OVERLAP_SECONDS=0');
  expect(guide).toContain('fly deploy --ha=false');
});

test('the guide names the paths that Telnyx needs', () => {
  expect(guide).toContain(`\`${WEBHOOK_PATH}\``);
  expect(guide).toContain('`/media-bridge`');
});

test('compose starts the server when its database is healthy', () => {
  expect(compose).toContain('condition: service_healthy');
  expect(compose).toContain('pg_isready');
});
