// Loaded into the server of a soak (node --require) to ask it what it holds: its sockets, timers and memory. The server
// itself has no such door.

process.on('message', (message) => {
  if (message?.kind !== 'resources') return;
  // What could be collected is not held.
  global.gc?.();
  const held = {};
  for (const name of process.getActiveResourcesInfo()) held[name] = (held[name] ?? 0) + 1;
  const { heapUsed, external } = process.memoryUsage();
  // `external` has the buffers, which live outside of the heap.
  process.send?.({ held, memoryBytes: heapUsed + external });
});

// The channel alone keeps nobody alive.
process.channel?.unref();
