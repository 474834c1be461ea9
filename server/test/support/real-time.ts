// Loaded before each test file: calls that happen in real time, and browsers, get another try.

const REAL_TIME = /[\\/]test[\\/](?:integration|faults|browser|unit[\\/](?:simulator|doctor))[\\/]/;

// Hundreds of calls go on in real time, three workers a core, on a machine that others use as well: a sound that is late
// once is the machine's, one that is late each time is ours. What is tried again is told.
if (REAL_TIME.test(expect.getState().testPath ?? '')) jest.retryTimes(2, { logErrorsBeforeRetry: true });
