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
  testTimeout: 20_000,
  // Calls happen in real time: most of a test's time is waiting, and more workers than cores wait at once.
  maxWorkers: '150%',
};
