// Reads the provider's own token, which the kubelet replaces long before it expires: not anew for each of many calls a second.

const KEPT_MS = 10_000;

/** `now` in milliseconds, of a clock that does not go back. */
export function createOwnTokenReader(
  readFile: () => Promise<string>,
  now: () => number,
): () => Promise<string> {
  let token: string | undefined;
  let readAtMs = -Infinity;
  return async () => {
    if (token !== undefined && now() - readAtMs < KEPT_MS) return token;
    const readingAtMs = now();
    token = (await readFile()).trim();
    readAtMs = readingAtMs;
    return token;
  };
}
