// Explains where the values of one container come from, whether its service account may read them, and whether they are
// there: by the provider's own decisions, and without a value.

import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { ProviderError } from '../errors.ts';
import { parseEnvEntry } from '../kubernetes/pods.ts';
import type { ServiceAccount } from '../kubernetes/service-account.ts';
import { parseLaunchSettings, type LaunchDefaults } from '../launches/launch-settings.ts';
import { readReferences } from '../launches/references.ts';
import { decideGrant, targetOf, type AccessPolicy, type Grant } from '../secrets/grant.ts';
import type { ReadSecrets } from '../secrets/read-secrets.ts';
import type { SecretSource } from '../secrets/source.ts';
import { accountOf } from './expected-injection.ts';
import { fails, notChecked, ok, type Finding, type Outcome } from './finding.ts';

export type AccessDependencies = {
  readonly readSecrets: ReadSecrets;
  readonly accessPolicy: AccessPolicy;
  readonly defaults: LaunchDefaults;
};

export type AccessQuestion = {
  readonly pod: V1Pod;
  readonly container: V1Container;
  /** The variables that admission writes. */
  readonly written: ReadonlyMap<string, string>;
};

type Step = readonly [what: string, outcome: Outcome];

export async function explainAccess(
  dependencies: AccessDependencies,
  question: AccessQuestion,
  signal: AbortSignal,
): Promise<Finding[]> {
  const steps: Step[] = [];
  try {
    for await (const step of explainSteps(dependencies, question, signal)) steps.push(step);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    steps.push(['secret', fails(error.message, 'correct the annotation or setting')]);
  }
  return steps.map(([what, outcome]) => ({
    check: `${question.container.name}: ${what}`,
    ...outcome,
  }));
}

/** Ends with the first step that fails: what comes after it would be refused with it. */
async function* explainSteps(
  dependencies: AccessDependencies,
  { pod, container, written }: AccessQuestion,
  signal: AbortSignal,
): AsyncGenerator<Step> {
  const { source, enforceServiceAccount } = parseLaunchSettings(written, dependencies.defaults);
  yield ['secret', ok(describeSource(source))];
  if (written.get('PIGGY_STANDALONE') === 'true') {
    const advice = 'see that its AWS identity may read the secret';
    yield ['access', notChecked('the Pod is standalone: it asks AWS itself', advice)];
    return;
  }
  const serviceAccount = accountOf(pod);
  const policy = dependencies.accessPolicy;
  const decision = decideGrant(policy, serviceAccount, targetOf(source));
  if (!decision.allowed) {
    yield ['access', fails(decision.message, 'docs/access-rules.md')];
    return;
  }
  const { grant } = decision;
  yield ['access', ok(describeGrant(serviceAccount, grant))];
  const references = listReferences(container);
  const asked = { source, references, serviceAccount, policy, grant };
  const allowListRequired = enforceServiceAccount;
  yield [
    'values',
    await describeValues(references, () =>
      dependencies.readSecrets({ ...asked, allowListRequired }, signal),
    ),
  ];
}

async function describeValues(
  references: readonly string[],
  read: () => ReturnType<ReadSecrets>,
): Promise<Outcome> {
  try {
    const { missing, hint } = await read();
    if (missing.length > 0) {
      const advice = 'or set piggysec.com/piggy-ignore-no-env to start without';
      return fails(`the secret has no key for ${missing.join(', ')}; ${hint ?? 'add it'}`, advice);
    }
    return references.length > 0
      ? ok(`the secret can be read and has ${references.join(', ')}`)
      : ok('the secret can be read; its references stand in ConfigMaps or Secrets');
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return fails(`${error.code}: ${error.message}`, 'docs/troubleshooting.md has what to do');
  }
}

/** Those that the spec shows. */
function listReferences({ env = [] }: V1Container): readonly string[] {
  return [...readReferences(env.map(parseEnvEntry)).keys];
}

function describeGrant({ namespace, name }: ServiceAccount, { rule, role, onlyIfListed }: Grant) {
  const condition = onlyIfListed ? ', if its PIGGY_ALLOWED_SA names it' : '';
  const as = role === undefined ? '' : `, as AWS role ${role.roleArn}`;
  return `service account ${namespace}:${name} may read it by: ${rule}${as}${condition}`;
}

export function describeSource(source: SecretSource): string {
  switch (source.kind) {
    case 'parameterStore':
      return `parameters under ${source.path} in ${source.region}`;
    case 'secretsManager': {
      const { version } = source;
      const which = version.kind === 'stage' ? version.stage : `version ${version.text}`;
      return `secret ${source.secretId} (${which}) in ${source.region}`;
    }
  }
}
