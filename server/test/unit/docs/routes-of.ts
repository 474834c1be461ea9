// The routes of an express application, read from its routers, as `GET /path/:name`.

import type { Express } from 'express';

type Layer = {
  readonly rawPath: unknown;
  readonly route?: { readonly path: unknown; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: { readonly stack?: readonly Layer[] };
};

/** What refuses the methods that a path does not have. */
const ALL = '_all';

/** Every route, sorted. Files that are served from a folder are none. */
export function routesOf(app: Express): string[] {
  const { stack } = app.router as unknown as { readonly stack: readonly Layer[] };
  return routesIn(stack, '').sort();
}

function routesIn(stack: readonly Layer[], prefix: string): string[] {
  return stack.flatMap((layer) => {
    if (layer.route) {
      const path = joined(prefix, layer.route.path);
      const methods = Object.keys(layer.route.methods).filter((method) => method !== ALL);
      return methods.map((method) => `${method.toUpperCase()} ${path}`);
    }
    return layer.handle.stack ? routesIn(layer.handle.stack, joined(prefix, layer.rawPath)) : [];
  });
}

function joined(prefix: string, path: unknown): string {
  // Express keeps the path beside its matcher; should that change, this must be looked at again.
  if (typeof path !== 'string') throw new Error(`A route has a path that is no text, below "${prefix}".`);
  if (path === '/') return prefix === '' ? '/' : prefix;
  return prefix === '/' ? path : `${prefix}${path}`;
}
