// Sends one request and gives its answer as a whole. undici's own request() makes a stream of each answer, which cost a launch
// a fifth of its processor time; the answers here are objects of some kilobytes, read at once.

import type { Dispatcher } from 'undici';

export type WholeAnswer = { readonly status: number; readonly text: string };

/** Rejected with undici's error, or with the signal's reason, also while it waits for a connection. */
export async function readWholeAnswer(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<WholeAnswer> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<WholeAnswer>();
  const chunks: Buffer[] = [];
  let status = 0;
  let sending: Dispatcher.DispatchController | undefined;
  const leave = () => {
    reject(signal.reason as Error);
    sending?.abort(signal.reason as Error);
  };
  signal.addEventListener('abort', leave);
  dispatcher.dispatch(request, {
    onRequestStart: (controller) => {
      sending = controller;
      // It may have waited for a connection until nobody waited for it.
      if (signal.aborted) leave();
    },
    onResponseStart: (_, statusCode) => {
      status = statusCode;
    },
    onResponseData: (_, chunk) => {
      chunks.push(chunk);
    },
    onResponseEnd: () => {
      resolve({ status, text: Buffer.concat(chunks).toString() });
    },
    onResponseError: (_, error) => {
      reject(error);
    },
  });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
