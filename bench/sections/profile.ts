// Where the provider's processor time goes while it answers warm questions: profiles it, and counts by module.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProviderProcess } from '../../provider/testing/provider-process.ts';
import { measureLaunches } from '../launches.ts';
import { shareByModule, type CallFrame, type CpuProfile, type Share } from '../profile-shares.ts';
import type { SectionReport, Table } from '../report.ts';
import { withSession, type Session } from '../session.ts';
import { lookUpWarm } from './images.ts';

const CONNECTIONS = 64;

type Load = {
  /** The module that the thread which does it begins with. */
  readonly entry: 'lookups' | 'provider';
  readonly run: (session: Session, provider: ProviderProcess, count: number) => Promise<unknown>;
};

const loads: Record<string, Load> = {
  'Warm secret requests': {
    entry: 'provider',
    run: (session, provider, count) =>
      measureLaunches(session, [provider], { count, connections: CONNECTIONS, secrets: 1 }),
  },
  'Warm image lookups': {
    entry: 'lookups',
    run: (session, provider, count) =>
      lookUpWarm(session, provider, { count, connections: CONNECTIONS }),
  },
};

export function measureProfile({ isQuick }: { readonly isQuick: boolean }): Promise<SectionReport> {
  return withSession(async (session) => {
    const tables: Table[] = [];
    for (const [title, load] of Object.entries(loads)) {
      const shares = await profile(session, load, isQuick ? 1_000 : 10_000);
      tables.push(tabulate(title, shares));
    }
    const notes = [
      `${CONNECTIONS} connections; the shares are of the time in which the provider's thread ran, by a sampling profiler. What runs inside Node is counted with the module that called it.`,
    ];
    return { tables, targets: [], notes };
  });
}

async function profile(session: Session, { entry, run }: Load, count: number): Promise<Share[]> {
  const folder = mkdtempSync(join(tmpdir(), 'piggy-profile-'));
  try {
    const provider = await session.startProvider({
      NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}`,
    });
    await run(session, provider, count / 5);
    const sinceUs = Number(process.hrtime.bigint() / 1_000n);
    await run(session, provider, count);
    await provider.stop();
    return shareByModule(readProfile(folder, entry), { sinceUs, locate: createLocator() });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each thread writes one. */
function readProfile(folder: string, entry: Load['entry']): CpuProfile {
  const profiles = readdirSync(folder).map(
    (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile,
  );
  const found = profiles.find(({ nodes }) =>
    nodes.some(({ callFrame }) => callFrame.url.endsWith(`/${entry}.mjs`)),
  );
  assert.ok(found !== undefined, 'the provider wrote no profile');
  return found;
}

/** By the source map beside each module of the bundle. */
function createLocator(): (frame: CallFrame) => string | undefined {
  const maps = new Map<string, SourceMap>();
  return ({ url, lineNumber, columnNumber }) => {
    if (!url.startsWith('file:')) return undefined;
    const map = maps.get(url) ?? readSourceMap(url);
    maps.set(url, map);
    const entry = map.findEntry(lineNumber, columnNumber);
    return 'originalSource' in entry ? entry.originalSource : undefined;
  };
}

function readSourceMap(url: string): SourceMap {
  const text = readFileSync(`${fileURLToPath(url)}.map`, 'utf8');
  return new SourceMap(JSON.parse(text) as ConstructorParameters<typeof SourceMap>[0]);
}

/** What is below one percent is one line. */
function tabulate(title: string, shares: readonly Share[]): Table {
  const large = shares.filter(({ percent }) => percent >= 1);
  const rest = 100 - large.reduce((sum, { percent }) => sum + percent, 0);
  const rows = [...large, { module: 'all others', percent: rest }];
  return {
    title,
    columns: ['', 'percent of the time'],
    rows: rows.map(({ module, percent }) => [module, percent]),
  };
}
