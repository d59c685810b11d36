// Runs `go test` and prints, as the other runners do, what failed and how many tests there were.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startMoto, whyNoMoto } from '../provider/testing/moto.ts';

type Event = {
  readonly Action: string;
  readonly Package: string;
  readonly Test: string;
  readonly Output: string;
};

/** `watch` sees all that the tests print. Returns the exit code. */
export async function goTest(cwd: string, watch: (text: string) => void): Promise<number> {
  const moto = whyNoMoto() === undefined ? await startMoto() : undefined;
  try {
    return await runTests({ cwd, watch, moto: moto?.url ?? '' });
  } finally {
    await moto?.stop();
  }
}

type Run = {
  readonly cwd: string;
  readonly watch: (text: string) => void;
  /** Where moto listens; empty where it cannot run. */
  readonly moto: string;
};

async function runTests({ cwd, watch, moto }: Run): Promise<number> {
  const child = spawn('go', ['test', '-json', '-race', './...'], {
    cwd,
    env: { ...process.env, CGO_ENABLED: '1', PIGGY_TEST_MOTO: moto },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const report = createReport(watch);
  for await (const line of createInterface(child.stdout)) report.add(parseEvent(line));
  await closed;
  report.end();
  return child.exitCode ?? 1;
}

function parseEvent(line: string): Event {
  const none = { Action: 'output', Package: '', Test: '', Output: '' };
  // It is not JSON where the build itself speaks.
  if (!line.startsWith('{')) return { ...none, Output: `${line}\n` };
  return { ...none, ...(JSON.parse(line) as Partial<Event>) };
}

function createReport(watch: (text: string) => void) {
  const counts = new Map([
    ['pass', 0],
    ['fail', 0],
    ['skip', 0],
  ]);
  const outputs = new Map<string, string>();

  function finish(key: string, { Action, Test }: Event): void {
    if (Test !== '') counts.set(Action, (counts.get(Action) ?? 0) + 1);
    // A skipped test says why, a failed one what was wrong, a package how long it took.
    if (Action !== 'pass' || Test === '') process.stdout.write(outputs.get(key) ?? '');
    outputs.delete(key);
  }

  return {
    add: (event: Event) => {
      const key = `${event.Package} ${event.Test}`;
      watch(event.Output);
      if (event.Output !== '') outputs.set(key, (outputs.get(key) ?? '') + event.Output);
      if (counts.has(event.Action)) finish(key, event);
    },
    end: () => {
      for (const left of outputs.values()) process.stdout.write(left);
      const [passed, failed, skipped] = counts.values();
      console.log(`${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`);
    },
  };
}
