// Two lanes on a canvas, the callee above and the AI below: the last minute of a live call, and a recording.

import { TRACE_MS, type Span } from './talk-trace.ts';

const GAP_PX = 2;

/** The colours of the page, which depend on light and dark. */
export type Colors = {
  readonly callee: string;
  readonly assistant: string;
  readonly rest: string;
  readonly ink: string;
};

type Surface = {
  readonly context: CanvasRenderingContext2D;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly laneHeightPx: number;
};

/** The colours as the style sheet has them now. */
function currentColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return { callee: color('--callee'), assistant: color('--ai'), rest: color('--line'), ink: color('--ink') };
}

/** Draws who talked when; now is at the right. */
export function drawTrace(canvas: HTMLCanvasElement, spans: readonly Span[], nowMs: number): void {
  const surface = prepared(canvas);
  if (!surface) return;
  const { context, widthPx, laneHeightPx } = surface;
  const colors = currentColors();
  const xOf = (atMs: number): number => Math.max(0, ((atMs - nowMs) / TRACE_MS + 1) * widthPx);
  drawRest(surface, colors);
  for (const { fromMs, toMs, talking } of spans) {
    const [x, end] = [xOf(fromMs), xOf(toMs)];
    const bar = (lane: number, color: string): void => {
      context.fillStyle = color;
      context.fillRect(x, lane * (laneHeightPx + GAP_PX), Math.max(1, end - x), laneHeightPx);
    };
    if (talking === 'callee' || talking === 'both') bar(0, colors.callee);
    if (talking === 'assistant' || talking === 'both') bar(1, colors.assistant);
  }
}

/** Draws how loud each side is, and how far it was played. */
export function drawWave(
  canvas: HTMLCanvasElement,
  [callee, assistant]: readonly [Float32Array, Float32Array],
  played: number,
): void {
  const surface = prepared(canvas);
  if (!surface) return;
  const { context, widthPx, heightPx } = surface;
  const colors = currentColors();
  drawLane(surface, { peaks: callee, lane: 0, color: colors.callee, played });
  drawLane(surface, { peaks: assistant, lane: 1, color: colors.assistant, played });
  context.globalAlpha = 1;
  context.fillStyle = colors.ink;
  context.fillRect(Math.min(widthPx - 2, played * widthPx), 0, 2, heightPx);
}

type Lane = {
  readonly peaks: Float32Array;
  readonly lane: number;
  readonly color: string;
  readonly played: number;
};

function drawLane({ context, widthPx, laneHeightPx }: Surface, { peaks, lane, color, played }: Lane): void {
  const middle = lane * (laneHeightPx + GAP_PX) + laneHeightPx / 2;
  const columnPx = widthPx / peaks.length;
  context.fillStyle = color;
  peaks.forEach((peak, column) => {
    // What is still to be played is paler, once it plays. Quiet speech is drawn larger than it is, or it would be a flat line.
    context.globalAlpha = played === 0 || column / peaks.length < played ? 1 : 0.5;
    const height = Math.max(1, Math.sqrt(peak) * (laneHeightPx - 2));
    context.fillRect(column * columnPx, middle - height / 2, Math.max(1, columnPx * 0.75), height);
  });
}

function drawRest({ context, widthPx, laneHeightPx }: Surface, { rest }: Colors): void {
  context.fillStyle = rest;
  for (const lane of [0, 1]) {
    context.fillRect(0, Math.round((lane + 0.5) * laneHeightPx + lane * GAP_PX), widthPx, 1);
  }
}

/** Sized as it is shown, in the pixels of the screen, and empty. */
function prepared(canvas: HTMLCanvasElement): Surface | undefined {
  const [widthPx, heightPx, scale] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio];
  const context = canvas.getContext('2d');
  if (!context || widthPx === 0 || heightPx === 0) return undefined;
  const [width, height] = [Math.round(widthPx * scale), Math.round(heightPx * scale)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, widthPx, heightPx);
  context.globalAlpha = 1;
  return { context, widthPx, heightPx, laneHeightPx: (heightPx - GAP_PX) / 2 };
}
