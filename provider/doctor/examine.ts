// Examines an installation: what is looked at, and in which order. The decisions stand in check-….ts and explain-….ts.

import type { V1Pod } from '@kubernetes/client-node';
import { ProviderError } from '../errors.ts';
import { describeError } from '../observability/describe-error.ts';
import type { ImageConfig } from '../images/image-config.ts';
import { parseSecretSource, type SecretSource } from '../secrets/source.ts';
import type { DoctorQuestion, PodQuestion } from './arguments.ts';
import { decideAdmissionPolicy, decideInjectSecrets, decideKyverno } from './check-policies.ts';
import {
  decideLaunchAddress,
  decideReadiness,
  decideSealing,
  decideSettings,
  readAuthority,
  type SettingsInUse,
} from './check-provider.ts';
import { checkRights } from './check-rights.ts';
import type { CreateObject, ReadObject } from './cluster-client.ts';
import { describeSource } from './explain-access.ts';
import { fails, notChecked, ok, type Finding, type Outcome } from './finding.ts';
import type { AddressProbe } from './launch-address-client.ts';
import type { OperationsAnswer } from './operations-client.ts';

export type DoctorDependencies = {
  readonly namespace: string;
  /** The environment of the provider. */
  readonly inUse: SettingsInUse;
  readonly readObject: ReadObject;
  readonly createReview: CreateObject;
  readonly readOperations: (path: '/readyz' | '/metrics') => Promise<OperationsAnswer>;
  readonly probeAddress: (address: string, ca: string) => Promise<AddressProbe>;
  /** A TokenReview of the provider's own token; resolved when the API server answers it at all. */
  readonly reviewOwnToken: () => Promise<unknown>;
  readonly readAccessRules: () => Promise<number>;
  readonly readCallerIdentity: (region: string) => Promise<string>;
  readonly readSource: (source: SecretSource) => Promise<unknown>;
  readonly readImage: (reference: string) => Promise<ImageConfig>;
  readonly readPod: (question: PodQuestion) => Promise<V1Pod | undefined>;
  readonly explainPod: (pod: V1Pod) => Promise<readonly Finding[]>;
  readonly nowMs: number;
};

type Check = readonly [name: string, examine: () => Promise<Outcome>];

export async function examine(
  question: DoctorQuestion,
  dependencies: DoctorDependencies,
): Promise<readonly Finding[]> {
  const checks = [
    ...clusterChecks(question, dependencies),
    ...providerChecks(dependencies),
    ...outsideChecks(question, dependencies),
  ];
  const findings = await Promise.all(
    checks.map(async ([check, run]) => ({ check, ...(await settle(run)) })),
  );
  return [...findings, ...(await explain(question, dependencies))];
}

function clusterChecks({ kyverno }: DoctorQuestion, dependencies: DoctorDependencies): Check[] {
  const { readObject, createReview, namespace } = dependencies;
  const native = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic';
  const admissionPolicy = (name: string): Check => [
    name,
    async () => {
      const policy = await readObject(`${native}ies/${name}`);
      return decideAdmissionPolicy(name, {
        policy,
        binding: await readObject(`${native}ybindings/${name}`),
      });
    },
  ];
  const deployment = `/apis/apps/v1/namespaces/${kyverno.namespace}/deployments/${kyverno.name}`;
  const mutatingPolicy = '/apis/policies.kyverno.io/v1/mutatingpolicies/inject-secrets';
  return [
    [
      'kyverno',
      async () =>
        decideKyverno(await readObject(deployment), `${kyverno.namespace}/${kyverno.name}`),
    ],
    [
      'inject-secrets',
      async () => decideInjectSecrets(await readObject(mutatingPolicy), namespace),
    ],
    [
      'rights of kyverno',
      async () => {
        const place = { kyverno: kyverno.namespace, namespace };
        return checkRights(await readObject(deployment), place, createReview);
      },
    ],
    admissionPolicy('require-injection'),
    admissionPolicy('protect-injected'),
  ];
}

function providerChecks(dependencies: DoctorDependencies): Check[] {
  const { inUse, namespace, readObject, readOperations } = dependencies;
  const configMap = (name: string) =>
    readObject(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
  return [
    ['settings', async () => decideSettings(await configMap('piggy'), inUse)],
    ['provider', async () => decideReadiness(await readOperations('/readyz'))],
    [
      'certificate',
      async () => {
        const authority = readAuthority(await configMap('piggy-ca'));
        if ('status' in authority) return authority;
        const address = inUse['PIGGY_ADDRESS'] ?? '';
        if (address === '')
          return fails('PIGGY_ADDRESS is not set', 'set it in the ConfigMap piggy');
        const probe = await dependencies.probeAddress(address, authority.ca);
        return decideLaunchAddress(address, probe, dependencies.nowMs);
      },
    ],
    ['sealing key', async () => decideSealing(await readOperations('/metrics'))],
    [
      'token review',
      async () => {
        await dependencies.reviewOwnToken();
        return ok('the provider may ask the API server whose a token is');
      },
    ],
    [
      'access rules',
      async () => ok(`rules: ${await dependencies.readAccessRules()}; ${describeDefault(inUse)}`),
    ],
  ];
}

function describeDefault(inUse: SettingsInUse): string {
  return `without a rule: ${inUse['PIGGY_ACCESS_DEFAULT'] ?? 'namespace'}`;
}

function outsideChecks(question: DoctorQuestion, dependencies: DoctorDependencies): Check[] {
  const ownRegion = dependencies.inUse['AWS_REGION'];
  const region = question.region || (ownRegion ?? '');
  return [
    [
      'aws identity',
      async () =>
        region === ''
          ? notChecked('no AWS region is set', 'say --region, or set AWS_REGION')
          : ok(await dependencies.readCallerIdentity(region)),
    ],
    ['secret', () => examineSecret(question, dependencies)],
    [
      'registry',
      async () => {
        if (question.image === undefined) return notChecked('no image was named', 'add --image');
        const { entrypoint, cmd, digest } = await dependencies.readImage(question.image);
        const command = JSON.stringify({ entrypoint, cmd });
        return ok(`${question.image} can be looked up: ${command}, ${digest}`);
      },
    ],
  ];
}

async function examineSecret(
  { secretId, parameterPath, region }: DoctorQuestion,
  { inUse, readSource }: DoctorDependencies,
): Promise<Outcome> {
  if (secretId === '' && parameterPath === '') {
    return notChecked('no secret was named', 'add --secret or --parameter-path');
  }
  const settings = { secretId, parameterPath, region, version: '' };
  const source = parseSecretSource(settings, inUse['AWS_REGION']);
  await readSource(source);
  return ok(`${describeSource(source)} can be read`);
}

/** What the provider itself would throw is what the doctor has to tell. */
async function settle(run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ProviderError) {
      return fails(`${error.code}: ${error.message}`, 'docs/troubleshooting.md has what to do');
    }
    if (error instanceof RangeError) return fails(error.message, 'correct it');
    return fails(
      `it could not be looked at (${describeForeign(error)})`,
      'mend that, and ask again',
    );
  }
}

/** What a program of others says may quote what it read, so only name, code and path of it are told. */
function describeForeign(error: unknown): string {
  const { name, code, path } = describeError(error);
  return [name, code, path].filter((text) => text !== undefined).join(' ');
}

async function explain(
  { pod }: DoctorQuestion,
  { readPod, explainPod }: DoctorDependencies,
): Promise<readonly Finding[]> {
  if (pod === undefined) return [];
  let findings: readonly Finding[] = [];
  const outcome = await settle(async () => {
    const found = await readPod(pod);
    if (found === undefined) return fails('there is no such Pod', 'check namespace and name');
    findings = await explainPod(found);
    return ok('');
  });
  return outcome.status === 'ok' ? findings : [{ check: 'pod', ...outcome }];
}
