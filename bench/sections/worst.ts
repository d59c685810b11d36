// What the worst questions that authors can write cost the provider, and what launches of another namespace notice of them.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ProviderProcess } from '../../provider/testing/provider-process.ts';
import { worstKinds, type WorstKind } from '../../provider/testing/worst-questions.ts';
import { prepareLaunches, putSecrets } from '../launches.ts';
import type { LoadMethods } from '../load.ts';
import { readUsage } from '../process-usage.ts';
import { startRemote, type Remote } from '../remote.ts';
import type { SectionReport, Target } from '../report.ts';
import { withSession, type Session } from '../session.ts';
import type { Calls } from '../stand-ins.ts';
import { summarize, type Summary } from '../statistics.ts';

/** Each from a namespace of its own. */
type Plan = { readonly name: string; readonly questions: readonly WorstKind[] };

type Measured = {
  readonly plan: Plan;
  /** Of launches while nothing else is asked; of those beside the questions. */
  readonly alone: Summary;
  readonly beside: Summary;
  readonly lookupMs: number;
  readonly peakMb: number;
  readonly longestStopMs: number;
  readonly calls: Calls;
};

const plans: readonly Plan[] = [
  ...worstKinds.map((kind) => ({ name: kind, questions: [kind] })),
  { name: 'all of these at once', questions: worstKinds },
  {
    name: 'each of these three times at once',
    questions: [worstKinds, worstKinds, worstKinds].flat(),
  },
];

/** Of the chart: resources.limits.memory. */
const MEMORY_LIMIT_MB = 384;

export function measureWorst({ isQuick }: { readonly isQuick: boolean }): Promise<SectionReport> {
  return withSession(async (session) => {
    const asking = await startRemote<LoadMethods>(join(import.meta.dirname, '../load.ts'));
    try {
      const measured: Measured[] = [];
      for (const plan of plans) {
        measured.push(await measure(session, asking, { plan, launches: isQuick ? 200 : 1_000 }));
      }
      return report(measured);
    } finally {
      await asking.stop();
    }
  });
}

async function measure(
  session: Session,
  asking: Remote<LoadMethods>,
  { plan, launches }: { readonly plan: Plan; readonly launches: number },
): Promise<Measured> {
  const { standIns } = session;
  // One of its own: its peak is that of these questions.
  const provider = await session.startProvider({ PIGGY_PULL_SECRET_NAMESPACES: '*' });
  await launch(session, provider, { count: launches / 4 });
  const { latenciesMs: alone } = await launch(session, provider, { count: launches });
  const questions = await Promise.all(
    plan.questions.map((kind, index) =>
      standIns.ask('createWorstQuestion', { kind, namespace: `tenant-${index}` }),
    ),
  );
  await readLongestStopMs(provider);
  await standIns.ask('takeCalls', undefined);
  const key = session.installed.files.admissionKey;
  const lookedUp = asking.ask('lookUpAnything', { url: provider.lookupUrl, key, questions });
  const beside = await launchUntil(session, provider, lookedUp);
  const { elapsedMs } = await lookedUp;
  const longestStopMs = await readLongestStopMs(provider);
  const calls = await standIns.ask('takeCalls', undefined);
  const peakMb = readUsage(provider.pid).peakResidentMb;
  await provider.stop();
  return {
    ...{ plan, longestStopMs, peakMb, calls, lookupMs: elapsedMs },
    ...{ alone: summarize(alone), beside: summarize(beside) },
  };
}

const LAUNCHES_A_ROUND = 50;

/** One after the other. Each is checked: none is refused. */
async function launch(
  session: Session,
  { launchUrl }: ProviderProcess,
  { count }: { readonly count: number },
) {
  const launches = await prepareLaunches(session, await putSecrets(session, 1), { count });
  const { ca } = session.installed.files;
  return session.load.ask('launch', {
    target: { urls: [launchUrl], ca, connections: 1 },
    launches,
  });
}

async function launchUntil(
  session: Session,
  provider: ProviderProcess,
  end: Promise<unknown>,
): Promise<readonly number[]> {
  const latenciesMs: number[] = [];
  const state = { isOver: false };
  const ended = end.finally(() => (state.isOver = true));
  do {
    const measured = await launch(session, provider, { count: LAUNCHES_A_ROUND });
    latenciesMs.push(...measured.latenciesMs);
  } while (!state.isOver);
  await ended;
  return latenciesMs;
}

/** Since it was read the last time. */
async function readLongestStopMs({ operationsUrl }: ProviderProcess): Promise<number> {
  const metrics = await (await fetch(`${operationsUrl}/metrics`)).text();
  const seconds = /^nodejs_eventloop_lag_max_seconds (?<value>\S+)$/m.exec(metrics)?.groups?.[
    'value'
  ];
  assert.ok(seconds !== undefined, 'the provider does not tell the lag of its event loop');
  return Number(seconds) * 1_000;
}

function report(measured: readonly Measured[]): SectionReport {
  return {
    tables: [
      {
        title: 'The worst questions of Kyverno, and launches beside them',
        columns: [
          ...['', 'launch p50 ms alone', 'beside', 'p99 ms alone', 'beside', 'p99 ratio'],
          ...['longest stop ms', 'peak RSS MB', 'answered in ms'],
          ...['registry calls', 'Kubernetes calls'],
        ],
        rows: measured.map(tabulate),
      },
    ],
    targets: targetsOf(measured),
    notes: [
      'Each question comes from a namespace of its own, with 50 images that nothing is known of. Launches are asked one after the other, from the start of the questions until the last is answered; each was checked, none was refused. The stop is that of the event loop that answers launches.',
    ],
  };
}

function tabulate({ plan, alone, beside, calls, ...rest }: Measured): (string | number)[] {
  return [
    plan.name,
    ...[alone.median, beside.median, alone.p99, beside.p99, beside.p99 / alone.p99],
    ...[rest.longestStopMs, rest.peakMb, rest.lookupMs, calls.registry, calls.otherKubernetes],
  ];
}

function targetsOf(measured: readonly Measured[]): Target[] {
  return [
    {
      sentence: 'p99 of launches beside the worst, in that of launches alone',
      measured: Math.max(...measured.map(({ alone, beside }) => beside.p99 / alone.p99)),
      limit: 3,
      kind: 'atMost',
    },
    {
      sentence: 'peak memory, MB',
      measured: Math.max(...measured.map(({ peakMb }) => peakMb)),
      limit: MEMORY_LIMIT_MB,
      kind: 'atMost',
    },
  ];
}
