// Foretells what policies/inject-secrets.yaml does to a Pod: which containers it wraps, what they would launch and where
// their values come from. The policy decides; expected-injection.test.ts holds this to the golden Pods of policies/cases.

import type { V1Container, V1EnvVar, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import type { ServiceAccount } from '../kubernetes/service-account.ts';

export type Settings = Readonly<Record<string, string | undefined>>;

const PREFIX = 'piggysec.com/';
const LAUNCHER = '/piggy/piggy-env';
const INSTALLER = 'install-piggy-env';

/** Beside the provider's own; as in the namespaceSelector of the policy. */
export const LEFT_OUT_NAMESPACES: readonly string[] = ['kube-system', 'kyverno'];

export type Admission =
  | { readonly injects: true; readonly containers: readonly V1Container[] }
  | { readonly injects: false; readonly reason: string };

/** Which containers admission wraps, of those that are not wrapped already. */
export function expectAdmission(pod: V1Pod, ownNamespace: string): Admission {
  const annotations = annotationsOf(pod);
  const { namespace } = accountOf(pod);
  const reason = reasonToPass({ annotations, namespace, ownNamespace }, pod.spec);
  if (reason !== undefined) return { injects: false, reason };
  const named = splitNames(annotations[`${PREFIX}containers`]);
  const containers = allContainers(pod).filter(
    (container) =>
      container.name !== INSTALLER &&
      !isWrapped(container) &&
      (named.length === 0 || named.includes(container.name)) &&
      (mayHoldReference(container) || expectAllKeys(pod, container) !== ''),
  );
  return { injects: true, containers };
}

type Place = {
  readonly annotations: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly ownNamespace: string;
};

function reasonToPass(
  { annotations, namespace, ownNamespace }: Place,
  spec: V1PodSpec | undefined,
): string | undefined {
  const isOptedIn = Object.keys(annotations).some((name) => name.startsWith(PREFIX));
  if (!isOptedIn) return `it has no annotation that begins with ${PREFIX}`;
  if (annotations[`${PREFIX}inject`] === 'false') return `${PREFIX}inject is "false"`;
  if (annotations['kubernetes.io/config.mirror'] !== undefined) return 'it mirrors a static Pod';
  if (spec?.os?.name === 'windows') return 'it is a Windows Pod, which is refused when it opts in';
  const isLeftOut = [...LEFT_OUT_NAMESPACES, ownNamespace].includes(namespace);
  return isLeftOut ? `the policies leave out namespace ${namespace}` : undefined;
}

function annotationsOf({ metadata }: V1Pod): Readonly<Record<string, string>> {
  return metadata?.annotations ?? {};
}

export function accountOf({ metadata, spec }: V1Pod): ServiceAccount {
  const name = spec?.serviceAccountName ?? 'default';
  return { namespace: metadata?.namespace ?? 'default', name };
}

export function allContainers({ spec }: V1Pod): readonly V1Container[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}

export function isWrapped({ command = [] }: V1Container): boolean {
  return command.length === 1 && command[0] === LAUNCHER;
}

/** Of what all keys are put into its environment. */
export function expectAllKeys(pod: V1Pod, { name }: V1Container): string {
  const annotations = annotationsOf(pod);
  return annotations[`${PREFIX}env-from.${name}`] || (annotations[`${PREFIX}env-from`] ?? '');
}

function splitNames(text = ''): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function mayHoldReference({ env = [], envFrom = [] }: V1Container): boolean {
  return envFrom.length > 0 || env.some((entry) => isReference(entry) || isFromElsewhere(entry));
}

function isReference({ value = '' }: V1EnvVar): boolean {
  return value.startsWith('piggy:');
}

function isFromElsewhere({ valueFrom }: V1EnvVar): boolean {
  return valueFrom !== undefined && !valueFrom.fieldRef && !valueFrom.resourceFieldRef;
}

/** What is written to the container's env, by name; as much of it as says where values come from. */
export function expectSettings(pod: V1Pod, settings: Settings): ReadonlyMap<string, string> {
  const given = (name: string) => annotationsOf(pod)[PREFIX + name] ?? '';
  const chosen = (name: string) => chooseSetting(pod, settings, name);
  const parameterPath = given('aws-secret-name') === '' ? chosen('aws-ssm-parameter-path') : '';
  const secretName = parameterPath === '' ? expectSecretName(pod, chosen) : '';
  const namesRegion = given('aws-region') === '' && secretName.startsWith('arn:');
  return new Map([
    ['PIGGY_AWS_SECRET_NAME', secretName],
    ['PIGGY_AWS_SSM_PARAMETER_PATH', parameterPath],
    ['PIGGY_AWS_REGION', namesRegion ? '' : chosen('aws-region')],
    ['PIGGY_AWS_SECRET_VERSION', parameterPath === '' ? chosen('aws-secret-version') : ''],
    ['PIGGY_ENFORCE_INTEGRITY', chosen('piggy-enforce-integrity')],
    ['PIGGY_ENFORCE_SERVICE_ACCOUNT', chosen('piggy-enforce-service-account')],
    ['PIGGY_INITIAL_DELAY', chosen('piggy-initial-delay')],
    ['PIGGY_STANDALONE', chosen('standalone')],
  ]);
}

function expectSecretName(pod: V1Pod, chosen: (name: string) => string): string {
  const { namespace, name } = accountOf(pod);
  const prefix = chosen('piggy-default-secret-name-prefix');
  const suffix = chosen('piggy-default-secret-name-suffix');
  return chosen('aws-secret-name') || `${prefix}${namespace}/${name}${suffix}`;
}

const BUILT_IN: Settings = {
  standalone: 'false',
  'piggy-enforce-integrity': 'true',
  'piggy-enforce-service-account': 'false',
  'image-skip-verify-registry': 'false',
};

/** Annotation, else setting, else default. An empty annotation counts as not given. */
function chooseSetting(pod: V1Pod, settings: Settings, name: string): string {
  const setting = name.toUpperCase().replaceAll('-', '_');
  const first = /^(?:AWS|PIGGY)_/.test(setting) ? setting : `PIGGY_${setting}`;
  const configured = settings[first] ?? settings[setting] ?? BUILT_IN[name] ?? '';
  return annotationsOf(pod)[PREFIX + name] || configured;
}

export type ExpectedLookup = {
  readonly namespace: string;
  readonly architectures: readonly string[];
  readonly pullSecrets: readonly { readonly namespace: string; readonly name: string }[];
  readonly skipVerifyRegistry: boolean;
};

/** With what the provider would be asked about the images of the Pod. */
export function expectLookup(pod: V1Pod, settings: Settings): ExpectedLookup {
  const { namespace } = accountOf(pod);
  const chosen = (name: string) => chooseSetting(pod, settings, name);
  // Kubernetes takes entries without a name, and the kubelet passes them over.
  const named = (pod.spec?.imagePullSecrets ?? []).filter(({ name = '' }) => name !== '');
  const own = named.map(({ name = '' }) => ({ namespace, name }));
  const extra = chosen('image-pull-secret');
  const extraNamespace = chosen('image-pull-secret-namespace') || namespace;
  return {
    namespace,
    architectures: selectArchitectures(pod.spec),
    pullSecrets: extra === '' ? own : [...own, { namespace: extraNamespace, name: extra }],
    skipVerifyRegistry: chosen('image-skip-verify-registry') === 'true',
  };
}

const ARCHITECTURE = 'kubernetes.io/arch';

function selectArchitectures(spec: V1PodSpec | undefined): readonly string[] {
  const selected = spec?.nodeSelector?.[ARCHITECTURE];
  if (selected !== undefined) return [selected];
  const { nodeSelectorTerms = [] } =
    spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? {};
  const terms = nodeSelectorTerms.map(({ matchExpressions = [] }) =>
    matchExpressions
      .filter(({ key, operator }) => key === ARCHITECTURE && operator === 'In')
      .flatMap(({ values = [] }) => values),
  );
  return terms.every((values) => values.length > 0) ? terms.flat() : [];
}

export type ImageText = { readonly entrypoint: readonly string[]; readonly cmd: readonly string[] };

/** Whether the command is asked of the image. */
export function isCommandUnknown({ command = [] }: V1Container): boolean {
  return command.length === 0;
}

/** The argv that the launcher receives, by Kubernetes' rule for command and args. */
export function expectArgv(
  { command = [], args = [] }: V1Container,
  image: ImageText | undefined,
): readonly string[] {
  if (command.length > 0) return [...command, ...args];
  const { entrypoint = [], cmd = [] } = image ?? {};
  const fromImage = args.length > 0 ? entrypoint : [...entrypoint, ...cmd];
  // The launcher expands $(NAME), and text of an image is expanded by nobody.
  return [...fromImage.map((text) => text.replaceAll('$', '$$$$')), ...args];
}
