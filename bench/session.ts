// What a section measures with: stand-ins and load in processes of their own, and providers, which all end with it. Where the
// machine has two processors, each provider has one for itself and the rest share the others.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { capture } from '../tools/run.ts';
import type { ProviderProcess } from '../provider/testing/provider-process.ts';
import type { ExchangesMethods } from './exchanges.ts';
import type { LoadMethods } from './load.ts';
import { installBenchProvider, type InstalledProvider } from './provider.ts';
import { type Remote, startRemote } from './remote.ts';
import type { StandInMethods } from './stand-ins.ts';

export type Session = {
  readonly standIns: Remote<StandInMethods>;
  readonly load: Remote<LoadMethods>;
  readonly installed: InstalledProvider;
  readonly startProvider: (settings?: Readonly<Record<string, string>>) => Promise<ProviderProcess>;
  /** In the place of a provider: what runs so far has to be idle. */
  readonly startExchanges: () => Promise<Remote<ExchangesMethods>>;
};

export async function withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const standIns = await startRemote<StandInMethods>(join(import.meta.dirname, 'stand-ins.ts'));
  const load = await startRemote<LoadMethods>(join(import.meta.dirname, 'load.ts'));
  const installed = await installBenchProvider(standIns);
  const providers: { readonly stop: () => Promise<unknown> }[] = [];
  const startProvider: Session['startProvider'] = async (settings) => {
    const provider = await installed.start(settings);
    providers.push(provider);
    await pin(provider.pid, 'first');
    return provider;
  };
  const startExchanges: Session['startExchanges'] = async () => {
    const module = join(import.meta.dirname, 'exchanges.ts');
    const exchanges = await startRemote<ExchangesMethods>(module, installed.nodeFlags);
    providers.push(exchanges);
    await pin(exchanges.pid, 'first');
    return exchanges;
  };
  try {
    for (const { pid } of [standIns, load]) await pin(pid, 'others');
    return await work({ standIns, load, installed, startProvider, startExchanges });
  } finally {
    await Promise.all(providers.map((provider) => provider.stop()));
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
