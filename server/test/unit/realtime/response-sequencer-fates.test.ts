// Whatever the server, the callee and the callers do, and in whichever order: each request has one fate, and has it in
// the end.

import fc from 'fast-check';
import { type Fate, type RequestKind, SequencerWorld } from './sequencer-world';

type Step = { readonly name: string; readonly run: (world: SequencerWorld) => void };

function step(name: string, run: (world: SequencerWorld) => void): Step {
  return { name, run };
}

const ASKS = (['kept', 'moot', 'protected'] satisfies RequestKind[]).map((kind) =>
  step(`ask ${kind}`, (world) => world.ask(kind)),
);

const SERVES = (['begin', 'begin', 'refuse', 'overload', 'lose'] satisfies Fate[]).map((fate) =>
  step(`serve: ${fate}`, (world) => world.serve(fate)),
);

const FINISHES = (['completed', 'failed', 'incomplete', 'cancelled'] as const).map((status) =>
  step(`finish: ${status}`, (world) => world.finish(status)),
);

const PASSES = [100, 600, 2_100, 5_100, 8_100].map((ms) => step(`${ms} ms`, (world) => world.pass(ms)));

const OTHERS = [
  step('sound', (world) => world.sound()),
  step('tool', (world) => world.callTool()),
  step('speech', (world) => world.startSpeech()),
  step('silence', (world) => world.stopSpeech()),
  step('own answer', (world) => world.answer()),
  step('cancel active', (world) => world.cancel('active')),
  step('cancel all', (world) => world.cancel('all')),
  step('listen', (world) => world.takeTurns('listen')),
  step('take turns', (world) => world.takeTurns('server')),
];

const STEPS = [...ASKS, ...ASKS, ...SERVES, ...FINISHES, ...PASSES, ...OTHERS];

/** Begun as often as it failed before, and at last begun for good, or unwanted, or dropped. */
const ONE_FATE = /^(SF)*[SUD]$/;

function play(steps: readonly Step[]): SequencerWorld {
  const world = new SequencerWorld();
  world.start();
  for (const { run } of steps) if (!world.hasGivenUp) run(world);
  if (!world.hasGivenUp) world.settle();
  return world;
}

function wrongFates({ trails }: SequencerWorld): string[] {
  return [...trails].filter(([, trail]) => !ONE_FATE.test(trail)).map(([id, trail]) => `${id}: ${trail || 'nothing'}`);
}

const someSteps = fc.array(fc.constantFrom(...STEPS), { maxLength: 30, size: 'max' });

/** A counterexample as the names of its steps. */
function told(steps: readonly Step[]): string {
  return steps.map(({ name }) => name).join(', ');
}

test('each request is dropped once, or begun once beside the times when its response failed', () => {
  fc.assert(
    fc.property(someSteps, (steps) => {
      const world = play(steps);
      fc.pre(!world.hasGivenUp);

      expect({ fates: wrongFates(world), after: told(steps) }).toEqual({ fates: [], after: told(steps) });
    }),
    { numRuns: 1_500 },
  );
});

test('nothing is asked for beside another response, nor, unless protected, over the callee’s words', () => {
  fc.assert(
    fc.property(someSteps, (steps) => {
      expect(play(steps).faults).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('no timer is left when there is nothing left to do', () => {
  fc.assert(
    fc.property(someSteps, (steps) => {
      const world = play(steps);
      fc.pre(!world.hasGivenUp);

      expect(world.clock.pendingTimers).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('a session without failures leaves no request that was not cancelled or moot unspoken', () => {
  const harmless = STEPS.filter(({ name }) => !/refuse|overload|lose|failed|incomplete|ms$|cancel|moot/.test(name));

  fc.assert(
    fc.property(fc.array(fc.constantFrom(...harmless), { maxLength: 30, size: 'max' }), (steps) => {
      const world = play(steps);

      expect([...world.trails.values()].filter((trail) => trail !== 'S')).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
