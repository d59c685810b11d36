// Image lookups as Kyverno asks for them: with nothing known of the image, with its tag looked up anew, and out of memory; and
// a hundred Pods that ask for one image at once.

import assert from 'node:assert/strict';
import type { ProviderProcess } from '../../provider/testing/provider-process.ts';
import type { ImageLookup } from '../load.ts';
import { readUsage } from '../process-usage.ts';
import type { SectionReport, Target } from '../report.ts';
import { withSession, type Session } from '../session.ts';
import { interleave, median, summarize, type Summary } from '../statistics.ts';

type Plan = {
  readonly name: string;
  readonly count: number;
  readonly connections: number;
  readonly kind: 'cold' | 'revalidated' | 'warm';
};

type Measured = {
  readonly latency: Summary;
  readonly perSecond: number;
  readonly cpuMsPerLookup: number;
  readonly registryCalls: number;
};

export function measureImages({ isQuick }: { readonly isQuick: boolean }): Promise<SectionReport> {
  return withSession(async (session) => {
    const provider = await session.startProvider();
    const images = await createImages(session);
    const count = isQuick ? 300 : 3_000;
    const plans: readonly Plan[] = [
      { name: 'cold', kind: 'cold', count: count / 10, connections: 8 },
      { name: 'tag looked up anew', kind: 'revalidated', count: count / 10, connections: 8 },
      { name: 'warm, 8 connections', kind: 'warm', count, connections: 8 },
      { name: 'warm, 64 connections', kind: 'warm', count, connections: 64 },
      { name: '100 Pods on one new image at once', kind: 'cold', count: 100, connections: 100 },
    ];
    const lookUpAs = (plan: Plan) => measure(session, provider, { plan, ...images(plan) });
    await lookUpAs({ name: 'first', kind: 'warm', count: 200, connections: 8 });
    const results = await interleave(plans, isQuick ? 2 : 7, lookUpAs);
    return report(plans.map((plan) => ({ plan, results: results.get(plan) ?? [] })));
  });
}

type Lookups = { readonly count: number; readonly connections: number };

/** Of one image that the provider knows. */
export function lookUpWarm(
  session: Session,
  provider: ProviderProcess,
  lookups: Lookups,
): Promise<Measured> {
  return lookUp(session, provider, { name: 'warm', kind: 'warm', ...lookups });
}

/** Each of an image that nobody knows yet. */
export function lookUpCold(
  session: Session,
  provider: ProviderProcess,
  lookups: Lookups,
): Promise<Measured> {
  return lookUp(session, provider, { name: 'cold', kind: 'cold', ...lookups });
}

async function lookUp(session: Session, provider: ProviderProcess, plan: Plan): Promise<Measured> {
  const images = await createImages(session);
  return measure(session, provider, { plan, ...images(plan) });
}

type Asked = {
  readonly lookups: readonly ImageLookup[];
  /** That are made known to the registry first. */
  readonly newImages: readonly string[];
};

let imagesMade = 0;

async function createImages({ standIns }: Session): Promise<(plan: Plan) => Asked> {
  const { registryHost } = await standIns.ask('describe', undefined);
  await standIns.ask('addImages', ['team/known']);
  const question = (name: string, always: boolean): ImageLookup => {
    const reference = `${registryHost}/${name}:v1`;
    return { references: [reference], always, entrypoints: { [reference]: `/${name}` } };
  };
  return ({ kind, count, connections }) => {
    const isOne = kind !== 'cold';
    // As many connections as Pods: those are the ones that ask for one and the same.
    const names = Array.from({ length: count === connections ? 1 : count }, () =>
      isOne ? 'team/known' : `team/new-${(imagesMade += 1)}`,
    );
    const lookups = Array.from({ length: count }, (_, index) =>
      question(names[index % names.length] ?? '', kind === 'revalidated'),
    );
    return { lookups, newImages: isOne ? [] : names };
  };
}

async function measure(
  { standIns, load, installed }: Session,
  { pid, lookupUrl }: ProviderProcess,
  { plan, lookups, newImages }: Asked & { readonly plan: Plan },
): Promise<Measured> {
  await standIns.ask('addImages', newImages);
  await standIns.ask('takeCalls', undefined);
  const before = readUsage(pid);
  const { latenciesMs, elapsedMs } = await load.ask('lookUp', {
    target: { urls: [lookupUrl], connections: plan.connections },
    key: installed.files.admissionKey,
    lookups,
  });
  const cpuMs = readUsage(pid).cpuMs - before.cpuMs;
  const { registry } = await standIns.ask('takeCalls', undefined);
  if (plan.kind === 'cold') {
    // Manifest and config; one image at once by many is asked for once.
    assert.equal(registry, 2 * newImages.length, 'two calls to the registry for each new image');
  }
  if (plan.kind === 'revalidated') {
    const isPlausible = registry > 0 && registry <= lookups.length;
    assert.ok(
      isPlausible,
      `${registry} calls to the registry for ${lookups.length} tags looked up anew`,
    );
  }
  return {
    latency: summarize(latenciesMs),
    perSecond: (lookups.length / elapsedMs) * 1_000,
    cpuMsPerLookup: cpuMs / lookups.length,
    registryCalls: registry,
  };
}

type Series = { readonly plan: Plan; readonly results: readonly Measured[] };

function report(series: readonly Series[]): SectionReport {
  return {
    tables: [
      {
        title: 'Image lookups',
        columns: [
          ...['', 'per second', 'p50 ms', 'p95 ms', 'p99 ms'],
          ...['provider CPU ms each', 'registry calls each'],
        ],
        rows: series.map(tabulate),
      },
    ],
    targets: targetsOf(series),
    notes: [
      'Each answer was unsealed, and compared: nonce, entrypoint, no errors. The registry is a stand-in on loopback.',
    ],
    chart: {
      title: 'Image lookups per second of processor time',
      unit: 'lookups',
      bars: series.map(({ plan, results }) => ({ label: plan.name, value: perCpuSecond(results) })),
    },
  };
}

function tabulate({ plan, results }: Series): (string | number)[] {
  return [
    plan.name,
    medianOf(results, ({ perSecond }) => perSecond),
    medianOf(results, ({ latency }) => latency.median),
    medianOf(results, ({ latency }) => latency.p95),
    medianOf(results, ({ latency }) => latency.p99),
    medianOf(results, ({ cpuMsPerLookup }) => cpuMsPerLookup),
    medianOf(results, ({ registryCalls }) => registryCalls / plan.count),
  ];
}

function targetsOf(series: readonly Series[]): Target[] {
  const ofWarm = series.filter(({ plan }) => plan.kind === 'warm');
  const widest = ofWarm.find(({ plan }) => plan.connections === 64)?.results ?? [];
  const calls = ofWarm.flatMap(({ results }) => results.map(({ registryCalls }) => registryCalls));
  return [
    {
      sentence: 'warm lookups per second, 64 connections',
      measured: medianOf(widest, ({ perSecond }) => perSecond),
      limit: 3_000,
      kind: 'atLeast',
    },
    {
      sentence: 'the same per second of processor time',
      measured: perCpuSecond(widest),
      limit: 3_000,
      kind: 'atLeast',
    },
    {
      sentence: 'registry calls of all warm lookups',
      measured: Math.max(...calls),
      limit: 0,
      kind: 'atMost',
    },
  ];
}

function medianOf(results: readonly Measured[], select: (measured: Measured) => number): number {
  return median(results.map(select));
}

function perCpuSecond(results: readonly Measured[]): number {
  return 1_000 / medianOf(results, ({ cpuMsPerLookup }) => cpuMsPerLookup);
}
