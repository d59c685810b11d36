// Says what a task definition of ECS becomes: the Pod, what the AWS role must allow, and the access rule.

import { stringify } from 'yaml';
import { parseParameterArn } from '../aws-names.ts';
import { accessRuleSchema, type AccessRule } from '../secrets/access-rules.ts';
import type { NamedSource } from '../secrets/source.ts';
import { ALLOW_LIST } from '../secrets/values.ts';
import type { EcsContainer, EcsTask } from './ecs-task.ts';

const SUFFIX = /-[A-Za-z0-9]{6}$/;
const NAME = new RegExp(accessRuleSchema.properties.name.pattern);

export function describeEcsTask(task: EcsTask, namespace: string): string {
  const sources = sourcesOf(task);
  const parts = {
    'The Pod: carry metadata and env over to yours': toPod(task, namespace),
    'The statements of the AWS role that reads (docs/operations.md); add kms:Decrypt for secrets with a key of their own':
      { Version: '2012-10-17', Statement: toStatements(task, sources) },
    'The access rule (docs/access-rules.md)': { rules: [toRule(task, namespace, sources)] },
  };
  const notes = task.containers.flatMap(({ name, leftOut }) =>
    leftOut.map((field) => `# Not carried over: ${field} of container ${name}.\n`),
  );
  const documents = Object.entries(parts).map(
    ([title, value]) =>
      `# ${title}\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`,
  );
  return [...notes, documents.join('---\n')].join('');
}

function toPod({ family, place, containers }: EcsTask, namespace: string) {
  const usesNames = containers.some(({ secrets }) =>
    secrets.some(({ reference: { source } }) => source?.kind === 'parameter' && !isArn(source.id)),
  );
  const region =
    usesNames && place.region !== '*' ? { 'piggysec.com/aws-region': place.region } : {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: objectName(family),
      namespace,
      annotations: { 'piggysec.com/inject': 'true', ...region },
    },
    spec: { serviceAccountName: objectName(family), containers: containers.map(toContainer) },
  };
}

function toContainer({ name, image, entryPoint, command, environment, secrets }: EcsContainer) {
  return {
    name: objectName(name),
    image,
    ...(entryPoint.length > 0 ? { command: entryPoint.map(asText) } : {}),
    ...(command.length > 0 ? { args: command.map(asText) } : {}),
    env: [
      ...environment.map((one) => ({ name: one.name, value: asText(one.value) })),
      ...secrets.map((one) => ({ name: one.name, value: `piggy:${one.reference.text}` })),
    ],
  };
}

/** ECS expands no $(NAME), Kubernetes does. */
function asText(text: string): string {
  return /\$[($]/.test(text) ? text.replaceAll('$', '$$$$') : text;
}

function objectName(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, 63);
  return name.replaceAll(/^-+|-+$/g, '') || 'task';
}

function sourcesOf({ containers }: EcsTask): readonly NamedSource[] {
  const named = containers.flatMap(({ secrets }) =>
    secrets.flatMap(({ reference: { source } }) => source ?? []),
  );
  return [...new Map(named.map((source) => [idOf(source), source])).values()];
}

function idOf(source: NamedSource): string {
  return source.kind === 'parameter' ? source.id : source.secretId;
}

function isArn(id: string): boolean {
  return id.startsWith('arn:');
}

function toStatements({ place }: EcsTask, sources: readonly NamedSource[]) {
  const secrets = sources.flatMap((one) =>
    one.kind === 'secretsManager'
      ? [SUFFIX.test(one.secretId) ? one.secretId : `${one.secretId}-??????`]
      : [],
  );
  const parameters = sources.flatMap((one) => {
    if (one.kind !== 'parameter') return [];
    const { partition, region, account } = place;
    const path = one.id.startsWith('/') ? one.id : `/${one.id}`;
    const arn = isArn(one.id)
      ? one.id
      : `arn:${partition}:ssm:${region}:${account}:parameter${path}`;
    // The list of who may read it, which is asked for in the same call.
    return [arn, `${arn.slice(0, arn.lastIndexOf('/') + 1)}${ALLOW_LIST}`];
  });
  return [
    { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secrets },
    { Effect: 'Allow', Action: 'ssm:GetParameters', Resource: [...new Set(parameters)] },
  ].filter(({ Resource }) => Resource.length > 0);
}

function toRule(
  { family }: EcsTask,
  namespace: string,
  sources: readonly NamedSource[],
): AccessRule {
  const secrets = sources.filter(({ kind }) => kind === 'secretsManager').map(idOf);
  const parameterPaths = sources.flatMap((one) => {
    if (one.kind !== 'parameter') return [];
    const path = parseParameterArn(one.id) ?? {
      path: one.id.startsWith('/') ? one.id : `/${one.id}`,
    };
    return [isArn(one.id) ? one.id : path.path];
  });
  return {
    name: NAME.test(family) ? family : objectName(family),
    namespaces: [namespace],
    serviceAccounts: [objectName(family)],
    ...(secrets.length > 0 ? { secrets } : {}),
    ...(parameterPaths.length > 0 ? { parameterPaths } : {}),
  };
}
