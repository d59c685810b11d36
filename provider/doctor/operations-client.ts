// Asks the provider that runs beside the doctor what it says of itself.

import { request } from 'undici';

export type OperationsAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** Never throws. */
export async function readOperations(
  { host, port }: { readonly host: string; readonly port: number },
  path: '/readyz' | '/metrics',
  timeoutMs: number,
): Promise<OperationsAnswer> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const { statusCode, body } = await request(`http://${host}:${port}${path}`, { signal });
    return { kind: 'answered', status: statusCode, text: await body.text() };
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : 'no reason given' };
  }
}
