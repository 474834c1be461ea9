// Loaded into the server of a soak (node --require) to ask it what it holds: its sockets, timers and heap. The server
// itself has no such door.

process.on('message', (message) => {
  if (message?.kind !== 'resources') return;
  // What could be collected is not held.
  global.gc?.();
  const held = {};
  for (const name of process.getActiveResourcesInfo()) held[name] = (held[name] ?? 0) + 1;
  process.send?.({ held, heapBytes: process.memoryUsage().heapUsed });
});

// The channel alone keeps nobody alive.
process.channel?.unref();
