// Explains where the values of one container come from, whether its service account may read them, and whether they are
// there: by the provider's own decisions, and without a value.

import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { ProviderError } from '../errors.ts';
import { parseEnvEntry } from '../kubernetes/pods.ts';
import type { ServiceAccount } from '../kubernetes/service-account.ts';
import {
  parseLaunchSettings,
  selectSources,
  type LaunchDefaults,
} from '../launches/launch-settings.ts';
import { listAllKeys, readReferences } from '../launches/references.ts';
import type { AccessPolicy, Grant } from '../secrets/grant.ts';
import { parameterText } from '../secrets/named-parameters.ts';
import type { SecretQuestion } from '../secrets/read-secrets.ts';
import type { ReadSources } from '../secrets/read-sources.ts';
import { parseReference, type Reference } from '../secrets/reference.ts';
import { ReferenceMistake } from '../secrets/reference-text.ts';
import { versionText, type SecretSource } from '../secrets/source.ts';
import { decideSource } from '../secrets/whole-secrets.ts';
import { accountOf } from './expected-injection.ts';
import { fails, notChecked, ok, type Finding, type Outcome } from './finding.ts';

export type AccessDependencies = {
  readonly readSources: ReadSources;
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
  const { defaults, accessPolicy } = dependencies;
  const { enforceServiceAccount: allowListRequired } = parseLaunchSettings(written, defaults);
  const sources = selectSources(listReferences(container, written), written, defaults);
  yield ['secret', ok(sources.map(({ source }) => describeSource(source)).join('; '))];
  if (written.get('PIGGY_STANDALONE') === 'true') {
    const advice = 'see that its AWS identity may read the secret';
    yield ['access', notChecked('the Pod is standalone: it asks AWS itself', advice)];
    return;
  }
  const serviceAccount = accountOf(pod);
  const questions: SecretQuestion[] = [];
  for (const one of sources) {
    const decision = decideSource(accessPolicy, serviceAccount, one);
    if (!decision.allowed) {
      yield ['access', fails(decision.message, 'docs/access-rules.md')];
      return;
    }
    const { grant, policy } = decision;
    questions.push({ ...one, serviceAccount, allowListRequired, policy, grant });
  }
  yield ['access', ok(describeGrants(serviceAccount, questions))];
  const context = { signal, observeAccess: () => undefined };
  yield [
    'values',
    await describeValues(questions, () => dependencies.readSources(questions, context)),
  ];
}

async function describeValues(
  questions: readonly SecretQuestion[],
  read: () => ReturnType<ReadSources>,
): Promise<Outcome> {
  const references = questions.flatMap((question) => question.references);
  const mayBeMissing = new Set(
    references.filter(({ whenMissing }) => whenMissing !== 'fail').map(({ text }) => text),
  );
  const what = questions.length === 1 ? 'the secret' : 'the secrets';
  try {
    const { missing: all, hint } = await read();
    const missing = all.filter((text) => !mayBeMissing.has(text));
    if (missing.length > 0) {
      const advice = 'or set piggysec.com/piggy-ignore-no-env to start without';
      return fails(`the secret has no key for ${missing.join(', ')}; ${hint ?? 'add it'}`, advice);
    }
    if (references.length === 0) {
      return ok('the secret can be read; its references stand in ConfigMaps or Secrets');
    }
    const found = references.map(({ text }) => text).filter((text) => !all.includes(text));
    const left = all.length === 0 ? '' : `; not there, and need not be: ${all.join(', ')}`;
    return ok(
      `${what} can be read and ${questions.length === 1 ? 'has' : 'have'} ${found.join(', ')}${left}`,
    );
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return fails(`${error.code}: ${error.message}`, 'docs/troubleshooting.md has what to do');
  }
}

/** Those that the spec shows. */
function listReferences(
  { env = [] }: V1Container,
  written: AccessQuestion['written'],
): readonly Reference[] {
  const singles = [...readReferences(env.map(parseEnvEntry)).keys].map(readReference);
  const [misplaced] = singles.filter(({ prefix }) => prefix !== undefined);
  if (misplaced !== undefined) {
    throw new ProviderError('invalid_request', `piggy:${misplaced.text}: ${ALL_KEYS_ELSEWHERE}`);
  }
  const list = (written.get('PIGGY_ENV_FROM') ?? '').replaceAll('$$', '$');
  return [...singles, ...listAllKeys(list).map(readReference)];
}

const ALL_KEYS_ELSEWHERE =
  'all keys are no value of a variable: write the annotation piggysec.com/env-from';

function readReference(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    if (!(error instanceof ReferenceMistake)) throw error;
    throw new ProviderError('invalid_request', `piggy:${text}: ${error.message}`);
  }
}

function describeGrants(account: ServiceAccount, questions: readonly SecretQuestion[]): string {
  const described = questions.map(({ grant, calledBy }) => {
    const what = calledBy === undefined ? 'it' : `what ${calledBy} names`;
    return describeGrant(account, { grant, what });
  });
  return described.join('; ');
}

function describeGrant(
  { namespace, name }: ServiceAccount,
  { grant, what }: { readonly grant: Grant; readonly what: string },
): string {
  const { rule, role, onlyIfListed } = grant;
  const condition = onlyIfListed ? ', if its PIGGY_ALLOWED_SA names it' : '';
  const as = role === undefined ? '' : `, as AWS role ${role.roleArn}`;
  return `service account ${namespace}:${name} may read ${what} by: ${rule}${as}${condition}`;
}

export function describeSource(source: SecretSource): string {
  switch (source.kind) {
    case 'parameterStore':
      return `parameters under ${source.path} in ${source.region}`;
    case 'parameter':
      return `parameter ${parameterText(source)} in ${source.region}`;
    case 'secretsManager': {
      const { version } = source;
      const isStage = version.kind === 'stage';
      const which = isStage ? version.stage : `version ${versionText(version)}`;
      return `secret ${source.secretId} (${which}) in ${source.region}`;
    }
  }
}
