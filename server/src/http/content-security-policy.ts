// What our pages may do in a browser: nothing from elsewhere, nothing inline. A text of a stranger that got into a page as
// markup could do nothing.

/** What both pages need. */
const COMMON: Readonly<Record<string, string>> = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'connect-src': "'self'",
  'img-src': "'self' data:",
  'media-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** The policy of a page that needs something more: other sources by directive. */
export function contentSecurityPolicy(more: Readonly<Record<string, string>> = {}): string {
  return Object.entries({ ...COMMON, ...more })
    .map(([directive, sources]) => `${directive} ${sources}`)
    .join('; ');
}
