// Keeps a session of the provider's own that is about to end out of new requests to AWS: the SDK renews in the background and
// goes on with the former session to its last moment, and nothing repeats a request that arrives after it.

type Session = { readonly expiration?: Date };

/** As the SDK asks its credential providers; what a client tells beside it is passed on. */
type Provide<S extends Session> = (options?: { forceRefresh?: boolean }) => Promise<S>;

/** Longer than a request lasts with all of its attempts. */
const LEAST_LEFT_MS = 10_000;

/** `now` in milliseconds since the epoch. */
export function renewBeforeEnd<S extends Session>(
  provide: Provide<S>,
  now: () => number,
): Provide<S> {
  const leftMs = ({ expiration }: S) => (expiration?.getTime() ?? Infinity) - now();
  return async (options) => {
    const session = await provide(options);
    if (leftMs(session) >= LEAST_LEFT_MS) return session;
    try {
      return await provide({ ...options, forceRefresh: true });
    } catch (error) {
      // It may still do.
      if (leftMs(session) > 0) return session;
      throw error;
    }
  };
}
