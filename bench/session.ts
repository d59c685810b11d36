// What a section measures with: stand-ins and load in processes of their own, and providers, which all end with it. Where the
// machine has two processors, each provider has one for itself and the rest share the others.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { capture } from '../tools/run.ts';
import type { ExchangesMethods } from './exchanges.ts';
import type { LoadMethods } from './load.ts';
import { installBenchProvider, type InstalledProvider, type StartProvider } from './provider.ts';
import { type Remote, startRemote } from './remote.ts';
import type { StandInMethods } from './stand-ins.ts';

export type Session = {
  readonly standIns: Remote<StandInMethods>;
  readonly load: Remote<LoadMethods>;
  readonly installed: InstalledProvider;
  readonly startProvider: StartProvider;
  /** In the place of a provider: what runs so far has to be idle. */
  readonly startExchanges: () => Promise<Remote<ExchangesMethods>>;
};

/** A process whose time is measured. */
type Measured = { readonly pid: number; readonly stop: () => Promise<unknown> };

export async function withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const standIns = await startRemote<StandInMethods>(join(import.meta.dirname, 'stand-ins.ts'));
  const load = await startRemote<LoadMethods>(join(import.meta.dirname, 'load.ts'));
  const installed = await installBenchProvider(standIns);
  const measured: Measured[] = [];
  const keep = async <M extends Measured>(started: M): Promise<M> => {
    measured.push(started);
    await pin(started.pid, 'first');
    return started;
  };
  const startProvider: StartProvider = async (settings, command) =>
    keep(await installed.start(settings, command));
  const startExchanges: Session['startExchanges'] = async () => {
    const module = join(import.meta.dirname, 'exchanges.ts');
    return keep(await startRemote<ExchangesMethods>(module, installed.nodeFlags));
  };
  try {
    for (const { pid } of [standIns, load]) await pin(pid, 'others');
    return await work({ standIns, load, installed, startProvider, startExchanges });
  } finally {
    await Promise.all(measured.map((process) => process.stop()));
    await Promise.all([load.stop(), standIns.stop()]);
    installed.files.remove();
  }
}

/** Without effect where there is one processor, or no taskset. */
async function pin(pid: number, where: 'first' | 'others'): Promise<void> {
  const last = availableParallelism() - 1;
  if (last < 1) return;
  const processors = where === 'first' ? '0' : `1-${last}`;
  await capture('taskset', ['-a', '-c', '-p', processors, String(pid)]).catch(() => undefined);
}
