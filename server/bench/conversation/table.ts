// The figures of the conversation bench as text.

import { fixed, textTable } from '../table';
import { conversationValidity } from './conversation-budgets';
import type { ConversationReport, Distribution, ErrorFigures } from './conversation-report';

/** The report as text. */
export function conversationTable(report: ConversationReport): string {
  const { calls, delayedCalls, networkDelayMs, concurrency, requestsPerSecond, audioEndByKind, faults } = report;
  const { flaws, doubts } = conversationValidity(report);
  const rows = [
    row('answered -> greeting at the carrier', report.greetingAfterAnswer),
    row('stream open -> greeting at the carrier', report.greetingAfterStream),
    row('speech_started -> clear at the carrier', report.clear),
    errorRow('error of audio_end_ms', report.audioEnd),
    ...audioEndByKind.map(({ kind, ...figures }) => errorRow(`  ${kind}`, figures)),
    errorRow(`  over a network of ${networkDelayMs} ms and more`, report.audioEndDelayed),
  ];

  return [
    `Conversation (${calls} calls and ${delayedCalls} over a slow network, ${concurrency} at a time` +
      `${requestsPerSecond > 0 ? `, beside ${requestsPerSecond} requests/s` : ''}; milliseconds)`,
    '',
    textTable(['figure', 'count', 'p50', 'p95', 'max', 'signed'], rows),
    `audio_end_ms above what was sent: ${report.aboveSent}; greetings not ready: ${report.lateGreetings}; the simulators' ` +
      `event loop late by ${fixed(report.loopDelayP99Ms, 1)} ms (p99); CPU of others ` +
      `${fixed(report.foreignCpuPercent, 0)} % of a core`,
    ...faults.map((fault) => `  fault: ${fault}`),
    ...flaws.map((reason) => `  VOID: ${reason}`),
    ...doubts.map((reason) => `  in doubt: ${reason}`),
    '',
  ].join('\n');
}

function row(label: string, { count, p50Ms, p95Ms, maxMs }: Distribution): string[] {
  return [label, String(count), ...[p50Ms, p95Ms, maxMs].map((value) => fixed(value, 1))];
}

function errorRow(label: string, { leastMs, mostMs, ...figures }: ErrorFigures): string[] {
  return [...row(label, figures), `${fixed(leastMs, 1)} to ${fixed(mostMs, 1)}`];
}
