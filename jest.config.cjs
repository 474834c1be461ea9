const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
module.exports = {
  rootDir: 'server',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  testSequencer: '<rootDir>/../jest.sequencer.cjs',
  setupFilesAfterEnv: ['<rootDir>/test/support/real-time.ts'],
  testTimeout: 20_000,
  // Calls happen in real time: most of a test's time is waiting, and several workers a core wait at once. As a number:
  // jest takes more than 100% for that many workers.
  maxWorkers: 3 * availableParallelism(),
};
