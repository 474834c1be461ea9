// What the figures were measured on, without anything that names the machine or its user.

import { availableParallelism, cpus, release, type } from 'node:os';

/** The machine, as far as figures depend on it. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly v8: string;
  readonly os: string;
};

/** This machine. */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.versions.node,
    v8: process.versions.v8,
    // The rest of a release may name the machine's provider.
    os: `${type()} ${release().split('.', 2).join('.')} ${process.arch}`,
  };
}
