// The metrics that there are, those in docs/operations.md, and those in the dashboard: the same.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerMetrics } from '../../../src/observability/server-metrics';
import { ManualClock } from '../../support/manual-clock';

const DOCS = join(__dirname, '../../../../docs');

type Target = { readonly expr: string };
type Panel = { readonly title: string; readonly type: string; readonly targets?: readonly Target[] };
type Dashboard = {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
};

type Metric = { readonly type: string; readonly labels: readonly string[] };

const dashboard = JSON.parse(readFileSync(join(DOCS, 'grafana-dashboard.json'), 'utf8')) as Dashboard;
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Every metric with its type and labels, after something of everything has happened. */
async function metrics(): Promise<Map<string, Metric>> {
  const server = new ServerMetrics({ clock: new ManualClock(), problemCodes: ['TOO_MANY_CALLS'] });
  server.show({
    liveCalls: () => ({ queued: 0, initiated: 0, ringing: 0, 'in-progress': 0 }),
    maxConcurrentCalls: 1,
    isAiRefused: () => false,
    isOverloaded: () => false,
    waitingRecords: () => 0,
    waitingCallbacks: () => Promise.resolve(0),
    remainingUsd: () => 1,
  });
  server.http.onEnded({ method: 'GET', route: '/ready', outcome: '2xx', durationMs: 1, problem: undefined });
  const text = await server.text();
  server.close();
  return new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [
      name!,
      { type: type!, labels: labelsOf(text, name!) },
    ]),
  );
}

function labelsOf(text: string, name: string): string[] {
  const [, labels = ''] = new RegExp(`^${name}(?:_bucket)?\\{([^}]*)\\}`, 'm').exec(text) ?? [];
  const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!);
  return names.filter((label) => label !== 'le').sort();
}

/** The rows of the table: name, type, labels, meaning. */
function documented(): Map<
  string,
  { readonly type: string; readonly labels: readonly string[]; readonly text: string }
> {
  const rows = readFileSync(join(DOCS, 'operations.md'), 'utf8').matchAll(
    /^\| `(\w+)` +\| (\w+) +\| ([^|]*?) *\| ([^|]*?) *\| [^|]* \|$/gm,
  );
  return new Map(
    [...rows].map(([, name, type, labels, text]) => [
      name!,
      { type: type!, labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort(), text: text! },
    ]),
  );
}

/** Names of metrics in a query, those of histograms without their endings. */
function namesIn(query: string): string[] {
  const names = query.match(/\b(?:ai_calls|process)_\w+/g) ?? [];
  return names.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
}

test('every metric is documented with its type, its labels and what it means, and no other is', async () => {
  const rows = documented();
  const real = await metrics();

  expect([...rows.keys()].sort()).toEqual([...real.keys()].sort());
  for (const [name, { type, labels }] of real) {
    expect({ name, type: rows.get(name)?.type, labels: rows.get(name)?.labels }).toEqual({ name, type, labels });
    expect(rows.get(name)?.text).toMatch(/\w{3}/);
  }
});

test('every query of the dashboard asks for metrics that exist', async () => {
  const real = await metrics();

  for (const query of queries) {
    expect(namesIn(query)).not.toHaveLength(0);
    for (const name of namesIn(query)) expect({ query, exists: real.has(name) }).toEqual({ query, exists: true });
  }
});

test('every metric is on the dashboard', async () => {
  const shown = new Set(queries.flatMap(namesIn));

  expect([...(await metrics()).keys()].filter((name) => !shown.has(name))).toEqual([]);
});

test('every query uses a metric as what it is, by labels that it has', async () => {
  const real = await metrics();

  for (const query of queries) {
    for (const [, name, ending = '', selector = ''] of query.matchAll(
      /\b((?:ai_calls|process)_\w+?)(_bucket|_sum|_count)?\{([^}]*)\}/g,
    )) {
      const { type, labels } = real.get(name!)!;
      expect({ query, isHistogram: type === 'histogram' }).toEqual({ query, isHistogram: ending !== '' });
      const used = [...selector.matchAll(/(\w+)[!=]~?"/g), ...query.matchAll(/sum by \(([\w, ]+)\)/g)];
      const names = used.flatMap(([, found]) => found!.split(', '));
      const known = new Set([...labels, 'job', 'instance', ...(type === 'histogram' ? ['le'] : [])]);
      expect({ query, unknown: names.filter((label) => !known.has(label)) }).toEqual({ query, unknown: [] });
      const isRated = /(?:rate|increase)\(/.test(query);
      expect({ query, isRated }).toEqual({ query, isRated: type !== 'gauge' });
    }
  }
});

test('the dashboard is one that Grafana takes: a schema, a data source to choose, panels that do not overlap', () => {
  type Placed = Panel & { readonly id: number; readonly gridPos: Record<'x' | 'y' | 'w' | 'h', number> };
  const panels = dashboard.panels as readonly Placed[];

  expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
  expect(dashboard.templating.list).toContainEqual(expect.objectContaining({ name: 'datasource', type: 'datasource' }));
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos } of panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect({ title, isFree: !taken.has(`${x},${y}`), fits: x < 24 }).toEqual({ title, isFree: true, fits: true });
        taken.add(`${x},${y}`);
      }
    }
  }
});
