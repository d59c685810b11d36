// The creation of Pods in a real cluster: of those that opted in, with their command given and with a lookup of their image,
// and of others; each with our policies and without any.

import assert from 'node:assert/strict';
import { installChart } from '../../e2e/chart.ts';
import { admissionsByKyverno, registryCallsOfProvider } from '../../e2e/metrics.ts';
import { policiesAreGone, policiesAreInForce } from '../../e2e/policies.ts';
import { until } from '../../e2e/poll.ts';
import { step } from '../../e2e/steps.ts';
import {
  assertAsWritten,
  assertInjected,
  createVariants,
  describePod,
  type Pod,
  type Variant,
} from '../admitted-pods.ts';
import { type BenchCluster, withCluster } from '../cluster.ts';
import type { SectionReport } from '../report.ts';
import { interleave, summarize } from '../statistics.ts';

export function measureAdmission({
  isQuick,
}: {
  readonly isQuick: boolean;
}): Promise<SectionReport> {
  return withCluster(async (cluster) => {
    const variants = createVariants(cluster.registry);
    const create = createPods(cluster);
    const changePolicies = createPoliciesSwitch(cluster);
    const measurePhase = async (policies: Policies) => {
      await changePolicies(policies);
      const plan = { variants, policies, rounds: isQuick ? 10 : 150, warmUps: isQuick ? 5 : 30 };
      return step(`Creating Pods ${policies} policies`, () => measurePods(create, plan));
    };
    // With, without, without, with: what slows the machine down meets both.
    return report(
      variants,
      await interleave(['with', 'without'] as const, isQuick ? 1 : 2, measurePhase),
    );
  });
}

type Policies = 'with' | 'without';

/** Does nothing where they are so already. */
function createPoliciesSwitch({ registry }: BenchCluster): (policies: Policies) => Promise<void> {
  let present: Policies | undefined;
  return async (policies) => {
    if (policies === present) return;
    present = policies;
    const isWith = policies === 'with';
    await step(isWith ? 'Installing policies' : 'Removing policies', async () => {
      const env = { PIGGY_REGISTRY_PLAIN_HTTP: registry };
      await installChart({ env, policies: { enabled: isWith } });
      await (isWith ? policiesAreInForce() : policiesAreGone());
    });
  };
}

type Create = (variant: Variant, policies: Policies) => Promise<number>;

/** Creates a Pod, says how many milliseconds that took, and deletes it. */
function createPods({ apiServer, namespace }: BenchCluster): Create {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  let made = 0;
  return async (variant, policies) => {
    const written = describePod(variant, (made += 1));
    const { status, text, elapsedMs } = await apiServer.ask('POST', pods, written);
    assert.equal(status, 201, text);
    const created = JSON.parse(text) as Pod;
    if (policies === 'with' && variant.optsIn) assertInjected(created, variant.argv);
    else assertAsWritten(created, written);
    const path = `${pods}/${written.metadata.name}?gracePeriodSeconds=0`;
    const deleted = await apiServer.ask('DELETE', path);
    assert.equal(deleted.status, 200, deleted.text);
    return elapsedMs;
  };
}

type Variants = ReturnType<typeof createVariants>;
type Plan = {
  readonly variants: Variants;
  readonly policies: Policies;
  readonly rounds: number;
  /** That are not counted: connections are opened, and Kyverno has work with policies that came or went. */
  readonly warmUps: number;
};
type Latencies = ReadonlyMap<Variant, readonly number[]>;

async function measurePods(create: Create, plan: Plan): Promise<Latencies> {
  const { other, ...optingIn } = plan.variants;
  const run = (variant: Variant) => create(variant, plan.policies);
  const measured: [Variant, readonly number[]][] = [];
  // Kyverno goes on working after it has answered, which would be blamed on those that it is not asked about.
  for (const variants of [[other], Object.values(optingIn)] as const) {
    await interleave<Variant, number>(variants, plan.warmUps, run);
    const before = await count();
    measured.push(...(await interleave<Variant, number>(variants, plan.rounds, run)));
    await checkCounts(before, plan, variants);
  }
  return new Map(measured);
}

type Counts = Awaited<ReturnType<typeof count>>;

async function count() {
  return {
    startedMs: performance.now(),
    admissions: await admissionsByKyverno(),
    registryCalls: await registryCallsOfProvider(),
  };
}

/** Throws unless Kyverno was asked about each Pod that opted in and no other, and registries about each new image. */
async function checkCounts(
  before: Counts,
  { policies, rounds }: Plan,
  variants: readonly Variant[],
): Promise<void> {
  const created = (which: (variant: Variant) => boolean) =>
    policies === 'with' ? variants.filter(which).length * rounds : 0;
  const expected = created(({ optsIn }) => optsIn);
  // Kyverno counts after it has answered.
  const after = await until('Kyverno has counted the Pods', async () => {
    const now = await count();
    return now.admissions - before.admissions >= expected ? now : undefined;
  });
  assert.equal(after.admissions - before.admissions, expected, 'Pods that Kyverno was asked about');
  const calls = after.registryCalls - before.registryCalls;
  const least = CALLS_EACH * created(({ isNewImage }) => isNewImage);
  const minutes = Math.ceil((after.startedMs - before.startedMs) / 60_000);
  const most = expected === 0 ? 0 : least + CALLS_EACH * REPLICAS * minutes;
  assert.ok(
    calls >= least && calls <= most,
    `${calls} calls to the registry, not ${least} to ${most}`,
  );
}

/** Manifest and config of a new image. */
const CALLS_EACH = 2;
/** Each of them looks a known tag up again once a minute. */
const REPLICAS = 2;

function report(
  variants: Variants,
  phases: ReadonlyMap<Policies, readonly Latencies[]>,
): SectionReport {
  const timesOf = (variant: Variant, policies: Policies) => {
    const found = (phases.get(policies) ?? []).flatMap((phase) => phase.get(variant) ?? []);
    return summarize(found);
  };
  const rows = Object.values(variants).flatMap((variant: Variant) => {
    const [without, present] = [timesOf(variant, 'without'), timesOf(variant, 'with')];
    return [
      [`${variant.name}; no policies`, without.median, without.p95, without.p99, '', ''],
      [
        `${variant.name}; with policies`,
        ...[present.median, present.p95, present.p99],
        ...[present.median / without.median, present.median - without.median],
      ],
    ];
  });
  return {
    tables: [{ title: 'The creation of a Pod', columns: TITLES, rows }],
    targets: [],
    notes: NOTES,
    chart: {
      title: 'Creation of a Pod, median',
      unit: 'ms',
      bars: [
        { label: 'no policies', value: timesOf(variants.given, 'without').median },
        ...Object.values(variants).map((variant: Variant) => ({
          label: variant.name,
          value: timesOf(variant, 'with').median,
        })),
      ],
    },
  };
}

const TITLES = ['', 'p50 ms', 'p95 ms', 'p99 ms', 'times no policies', 'ms more'];

const NOTES = [
  'Each Pod was really created, with the write to etcd, over one connection that is kept, one after the other, and then deleted; a scheduling gate keeps it from being started. Those that did not opt in were created by themselves, the others in turns.',
  'Each Pod that opted in came out with the init container and its command behind the launcher; every other one, and all of them without policies, as it was written.',
  'Kyverno counted each Pod that opted in and none of the others; the provider asked the registry, one in the cluster, for each new image and no more than once a minute for the known one.',
];
