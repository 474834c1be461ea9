// The order of the suites. Those that hold real time to a few milliseconds come first and have the machine to themselves;
// those that only work hard, or break things on purpose with several calls at once, come after.

const { default: Sequencer } = require('@jest/test-sequencer');

const GROUPS = [/\/integration\/(?!kill-nine)/, /\/(unit|contract)\//];

// Browsers, or what works as hard as it can, leave each other no time when all of a kind run at once; others mostly wait.
const KINDS = [/\/browser\//, /\/fuzz\//, /./];

function groupOf({ path }) {
  const group = GROUPS.findIndex((pattern) => pattern.test(path));
  return group < 0 ? GROUPS.length : group;
}

function kindOf({ path }) {
  return KINDS.findIndex((pattern) => pattern.test(path));
}

/** The kinds spread evenly. */
function mixed(tests) {
  const kinds = KINDS.map((_, kind) => tests.filter((test) => kindOf(test) === kind));
  const places = new Map(kinds.flatMap((kind) => kind.map((test, at) => [test, at / kind.length])));
  return [...tests].sort((a, b) => places.get(a) - places.get(b));
}

module.exports = class extends Sequencer {
  sort(tests) {
    const bySlowness = super.sort(tests);
    const byGroup = [...bySlowness].sort((a, b) => groupOf(a) - groupOf(b));
    const last = byGroup.filter((test) => groupOf(test) === GROUPS.length);
    return [...byGroup.slice(0, byGroup.length - last.length), ...mixed(last)];
  }
};
