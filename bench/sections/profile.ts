// Where the provider's processor time goes while it answers warm questions: profiles it, and counts by module.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderProcess } from '../../provider/testing/provider-process.ts';
import { measureLaunches } from '../launches.ts';
import { shareByModule, type CallFrame, type CpuProfile, type Share } from '../profile-shares.ts';
import { bundle } from '../provider.ts';
import type { SectionReport, Table } from '../report.ts';
import { withSession, type Session } from '../session.ts';
import { lookUpWarm } from './images.ts';

const CONNECTIONS = 64;

type Load = (session: Session, provider: ProviderProcess, count: number) => Promise<unknown>;

const loads: Record<string, Load> = {
  'Warm secret requests': (session, provider, count) =>
    measureLaunches(session, [provider], { count, connections: CONNECTIONS, secrets: 1 }),
  'Warm image lookups': (session, provider, count) =>
    lookUpWarm(session, provider, { count, connections: CONNECTIONS }),
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

async function profile(session: Session, load: Load, count: number): Promise<Share[]> {
  const folder = mkdtempSync(join(tmpdir(), 'piggy-profile-'));
  try {
    const provider = await session.startProvider({
      NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}`,
    });
    await load(session, provider, count / 5);
    const sinceUs = Number(process.hrtime.bigint() / 1_000n);
    await load(session, provider, count);
    await provider.stop();
    return shareByModule(readProfile(folder), { sinceUs, locate: createLocator() });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readProfile(folder: string): CpuProfile {
  const [file] = readdirSync(folder);
  assert.ok(file !== undefined, 'the provider wrote no profile');
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
}

function createLocator(): (frame: CallFrame) => string | undefined {
  const map = new SourceMap(
    JSON.parse(readFileSync(`${bundle}.map`, 'utf8')) as ConstructorParameters<typeof SourceMap>[0],
  );
  return ({ url, lineNumber, columnNumber }) => {
    if (!url.startsWith('file:')) return undefined;
    const entry = map.findEntry(lineNumber, columnNumber);
    return 'originalSource' in entry ? entry.originalSource : undefined;
  };
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
