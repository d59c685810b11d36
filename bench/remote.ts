// Lets the benchmark ask a process of its own: stand-ins and load generator must not share a processor's time with what is
// measured, nor wait in one event loop for each other.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a remote process can be asked, by name. */
export type Methods = Readonly<Record<string, (question: never) => unknown>>;

export type Remote<M extends Methods> = {
  readonly pid: number;
  readonly ask: <Name extends keyof M & string>(
    name: Name,
    question: Parameters<M[Name]>[0],
  ) => Promise<Awaited<ReturnType<M[Name]>>>;
  readonly stop: () => Promise<void>;
};

type Question = { readonly id: number; readonly name: string; readonly question: unknown };
type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string };

/** Runs a module that calls `serve`, with these arguments of Node's; resolved as soon as it can be asked. */
export async function startRemote<M extends Methods>(
  module: string,
  execArgv: readonly string[] = [],
): Promise<Remote<M>> {
  const child = fork(module, { serialization: 'advanced', execArgv: [...execArgv] });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const exited = once(child, 'exit').then(() => {
    const error = new Error(`${module} ended before it answered`);
    for (const { reject } of waiting.values()) reject(error);
  });
  const ready = Promise.withResolvers<unknown>();
  waiting.set(READY, ready);
  child.on('message', (message) => {
    settle(waiting, message as Answer);
  });
  await ready.promise;
  return {
    pid: child.pid ?? -1,
    ask: createAsker<M>(child, waiting),
    stop: () => end(child, exited),
  };
}

const READY = 0;

function createAsker<M extends Methods>(
  child: ChildProcess,
  waiting: Map<number, PromiseWithResolvers<unknown>>,
): Remote<M>['ask'] {
  let last = READY;
  return (name, question) => {
    const asked = Promise.withResolvers<unknown>();
    const id = (last += 1);
    waiting.set(id, asked);
    child.send({ id, name, question } satisfies Question);
    // Both sides are of one build, so that an answer has the type of its method.
    return asked.promise as Promise<Awaited<ReturnType<M[typeof name]>>>;
  };
}

function settle(
  waiting: Map<number, PromiseWithResolvers<unknown>>,
  { id, value, error }: Answer,
): void {
  const asked = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) asked?.resolve(value);
  else asked?.reject(new Error(error));
}

async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.disconnect();
  await exited;
}

/** In the remote process: answers until the process that started it has gone. */
export function serve(methods: Methods, stop: () => Promise<void> = () => Promise.resolve()): void {
  const answer = (message: Answer) => process.send?.(message);
  process.on('message', (message) => {
    const { id, name, question } = message as Question;
    const method = methods[name] as ((question: unknown) => unknown) | undefined;
    new Promise((resolve) => {
      resolve(method?.(question));
    }).then(
      (value) => answer({ id, value }),
      (error: unknown) => answer({ id, error: error instanceof Error ? (error.stack ?? '') : '' }),
    );
  });
  process.on('disconnect', () => void stop().finally(() => process.exit(0)));
  answer({ id: READY });
}
