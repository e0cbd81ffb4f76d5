/**
 * The most that the service takes of a request, in bytes, for every part that the platform's firewall
 * measures too.
 *
 * Imports nothing, so that the platform's program can read it without the service's packages.
 */
export const requestLimits = {
  /** Unless MAX_BODY_BYTES says otherwise. */
  body: 8 * 1024,
  path: 1024,
  query: 2048,
  cookies: 10 * 1024,
  /** The request line and all headers together. */
  head: 16 * 1024,
} as const;
