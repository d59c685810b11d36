// What grows with what: a thousand launches at once through one provider and through three; a launch by the size of its secret,
// by the number of parameters under its path, and by the Pods that the provider remembers.

import assert from 'node:assert/strict';
import {
  measure,
  measureLaunches,
  newSecretValue,
  prepareLaunches,
  putSecrets,
  type Measured,
  type Secret,
} from '../launches.ts';
import { readUsage } from '../process-usage.ts';
import { sumOfMetric } from '../../provider/testing/metric-sum.ts';
import type { ProviderProcess } from '../../provider/testing/provider-process.ts';
import type { SectionReport, Table } from '../report.ts';
import { withSession, type Session } from '../session.ts';
import { interleave, median } from '../statistics.ts';

export function measureScale({ isQuick }: { readonly isQuick: boolean }): Promise<SectionReport> {
  return withSession(async (session) => {
    const count = isQuick ? 200 : 1_000;
    const measured = await measureRush(session, count);
    const rushes = describeRush(measured);
    const provider = await session.startProvider();
    const title = `${count} launches at once`;
    return {
      tables: [
        { title, columns: rushColumns, rows: rushes },
        await measureSizes(session, provider, isQuick),
        await measureParameters(session, provider, isQuick),
        await measurePods(session, isQuick),
      ],
      targets: [
        {
          sentence: `AWS calls of ${count} launches on one secret, one provider`,
          measured: mostAwsCalls(measured[0]?.results ?? []),
          limit: 1,
          kind: 'atMost',
        },
      ],
      notes: [
        'Of the launches at once each has a connection of its own, as launchers do, and all ask for one secret that is in no cache. The providers share the processors of one machine, so three are not three times as fast here.',
        'In the rush they keep a secret for five minutes in place of five seconds: on a machine so slow that the rush lasts longer than that, it costs AWS one more call for each five seconds. A call that is not answered within three seconds is sent again, which counts here, too.',
      ],
      chart: {
        title,
        unit: 's',
        bars: rushes.map(([label, seconds = NaN]) => ({ label, value: seconds })),
      },
    };
  });
}

type Rush = { readonly providers: number; readonly results: readonly Measured[] };

async function measureRush(session: Session, count: number): Promise<Rush[]> {
  const providers: ProviderProcess[] = [];
  for (let started = 0; started < 3; started += 1) {
    providers.push(await session.startProvider({ PIGGY_SECRET_CACHE: '5m' }));
  }
  const plans = [providers.slice(0, 1), providers];
  const plan = { count, connections: count, secrets: 1, oneRequestPerConnection: true };
  const results = await interleave(plans, count < 1_000 ? 1 : 5, async (used) => {
    const before = await countQuestions(used);
    const measured = await measureLaunches(session, used, plan);
    const questions = (await countQuestions(used)) - before;
    assert.equal(questions, used.length, 'questions to AWS: one of each provider');
    return measured;
  });
  return plans.map((used) => ({ providers: used.length, results: results.get(used) ?? [] }));
}

/** To AWS, by the providers' own count; the stand-in also counts a question that is asked again since its answer was late. */
async function countQuestions(providers: readonly ProviderProcess[]): Promise<number> {
  const texts = await Promise.all(
    providers.map(async ({ operationsUrl }) => (await fetch(`${operationsUrl}/metrics`)).text()),
  );
  return sumOfMetric(texts.join('\n'), 'piggy_aws_calls_total');
}

const rushColumns = ['', 'all done, s', 'p50 ms', 'p95 ms', 'p99 ms', 'AWS calls'];

function describeRush(rushes: readonly Rush[]): readonly (readonly [string, ...number[]])[] {
  return rushes.map(({ providers, results }) => [
    `providers: ${providers}`,
    median(results.map(({ requests, perSecond }) => requests / perSecond)),
    ...percentilesOf(results),
    mostAwsCalls(results),
  ]);
}

function mostAwsCalls(results: readonly Measured[]): number {
  return Math.max(...results.map(({ calls }) => calls.aws));
}

function percentilesOf(results: readonly Measured[]): number[] {
  return [
    median(results.map(({ latency }) => latency.median)),
    median(results.map(({ latency }) => latency.p95)),
    median(results.map(({ latency }) => latency.p99)),
  ];
}

const figureColumns = ['per second', 'p50 ms', 'p95 ms', 'p99 ms', 'provider CPU ms each'];

function figures(results: readonly Measured[]): number[] {
  return [
    median(results.map(({ perSecond }) => perSecond)),
    ...percentilesOf(results),
    median(results.map(({ cpuMsPerRequest }) => cpuMsPerRequest)),
  ];
}

async function measureSizes(
  session: Session,
  provider: ProviderProcess,
  isQuick: boolean,
): Promise<Table> {
  const sizes = [100, 1_000, 10_000, 60_000];
  const results = await interleave(sizes, isQuick ? 1 : 5, async (size) => {
    const [secret] = await putSecrets(session, 1, { PADDING: newSecretValue().padEnd(size, 'x') });
    assert.ok(secret);
    return measureSecret(session, provider, { secret, count: isQuick ? 100 : 1_000 });
  });
  const rows = sizes.map((size) => [
    `${size.toLocaleString('en-US')} bytes`,
    ...figures(results.get(size) ?? []),
  ]);
  return {
    title: 'Warm requests on 8 connections by the size of the secret',
    columns: ['', ...figureColumns],
    rows,
  };
}

async function measureSecret(
  session: Session,
  provider: ProviderProcess,
  { secret, count }: { readonly secret: Secret; readonly count: number },
): Promise<Measured> {
  const launches = await prepareLaunches(session, [secret], { count });
  const { ca } = session.installed.files;
  const target = { urls: [provider.launchUrl], ca, connections: 8 };
  return measure(session, [provider], { target, launches });
}

let pathsMade = 0;

async function measureParameters(
  session: Session,
  provider: ProviderProcess,
  isQuick: boolean,
): Promise<Table> {
  const counts = [1, 10, 100];
  const results = await interleave(counts, isQuick ? 1 : 5, async (parameters) => {
    const path = `/shop/path-${(pathsMade += 1)}`;
    const names = Array.from({ length: parameters }, (_, index) => `KEY_${index}`);
    const values = Object.fromEntries(names.map((name) => [name, newSecretValue()]));
    await session.standIns.ask(
      'putParameters',
      names.map((name) => ({
        name: `${path}/${name}`,
        type: 'SecureString',
        value: values[name] ?? '',
      })),
    );
    const secret = { settings: { PIGGY_AWS_SSM_PARAMETER_PATH: path }, values };
    const measured = await measureSecret(session, provider, { secret, count: isQuick ? 50 : 500 });
    return measured;
  });
  const rows = counts.map((count) => {
    const measured = results.get(count) ?? [];
    const calls = median(measured.map((one) => one.calls.aws / one.requests));
    return [`parameters: ${count}`, ...figures(measured), calls];
  });
  return {
    title: 'Requests on 8 connections by the number of parameters, all of them asked for',
    columns: ['', ...figureColumns, 'AWS calls per launch'],
    rows,
  };
}

/** What each more Pod leaves in the memory of a provider. */
async function measurePods(session: Session, isQuick: boolean): Promise<Table> {
  const provider = await session.startProvider();
  const steps = isQuick ? [200, 400] : [1_000, 4_000, 5_000];
  let pods = 0;
  const rows: [string, number, number][] = [];
  for (const count of steps) {
    const { cpuMsPerRequest } = await measureLaunches(session, [provider], {
      count,
      connections: 64,
      secrets: 1,
    });
    pods += count;
    rows.push([
      `${pods.toLocaleString('en-US')} Pods`,
      cpuMsPerRequest,
      readUsage(provider.pid).residentMb,
    ]);
  }
  return {
    title: 'By the number of Pods answered',
    columns: ['', 'provider CPU ms each', 'RSS MB'],
    rows,
  };
}
