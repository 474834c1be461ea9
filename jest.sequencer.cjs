// The order of the suites. Those that hold real time to a few milliseconds come first and have the machine to themselves;
// those that only work hard, or break things on purpose with several calls at once, come after.

const { default: Sequencer } = require('@jest/test-sequencer');

const GROUPS = [/\/integration\/(?!kill-nine)/, /\/(unit|contract)\//];

function groupOf({ path }) {
  const group = GROUPS.findIndex((pattern) => pattern.test(path));
  return group < 0 ? GROUPS.length : group;
}

module.exports = class extends Sequencer {
  sort(tests) {
    const bySlowness = super.sort(tests);
    return [...bySlowness].sort((a, b) => groupOf(a) - groupOf(b));
  }
};
