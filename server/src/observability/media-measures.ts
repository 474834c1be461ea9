// How well the audio of calls went, from what each call tells at its end.

import type { Registry } from 'prom-client';
import { add, childrenOf, inTurn, type Measure, measureOfSum } from './measures';

type FrameKind = 'received' | 'missing' | 'reordered' | 'duplicate' | 'unreadable';

const SECONDS_PER_MS = 0.001;

/** Sums up the media of calls. */
export function measureOfMedia(registry: Registry): Measure {
  return inTurn(
    measureOfSum(registry, 'underruns', {
      name: 'ai_calls_underruns_total',
      help: "How often the AI's audio ran dry in the middle of a sentence, in calls that are over.",
    }),
    measureOfSum(registry, 'underrunMs', {
      name: 'ai_calls_underrun_seconds_total',
      help: 'How long the callee heard nothing because of that.',
      factor: SECONDS_PER_MS,
    }),
    measureOfSum(registry, 'filledMs', {
      name: 'ai_calls_filled_seconds_total',
      help: 'Silence that stood in for audio of callees that did not come.',
      factor: SECONDS_PER_MS,
    }),
    measureOfSum(registry, 'droppedMs', {
      name: 'ai_calls_dropped_seconds_total',
      help: 'Audio of callees that an AI session could not take in time.',
      factor: SECONDS_PER_MS,
    }),
    measureOfFrames(registry),
  );
}

function measureOfFrames(registry: Registry): Measure {
  const frames = childrenOf<FrameKind>(registry, {
    name: 'ai_calls_frames_total',
    help: "Frames of callees' audio, by what was odd about them, in calls that are over.",
    label: 'kind',
    values: { received: true, missing: true, reordered: true, duplicate: true, unreadable: true },
  });
  return ({ receivedFrames, missing, reordered, duplicates, unreadable }) => {
    add(frames.get('received'), receivedFrames);
    add(frames.get('missing'), missing);
    add(frames.get('reordered'), reordered);
    add(frames.get('duplicate'), duplicates);
    add(frames.get('unreadable'), unreadable);
  };
}
