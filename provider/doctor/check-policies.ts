// Decides by what the cluster holds whether Kyverno and the three policies of Piggy are there and in force.

import type { ClusterRead } from './cluster-client.ts';
import { fieldsOf, foundObject, listOf, readField } from './cluster-object.ts';
import { fails, notChecked, ok, type Outcome } from './finding.ts';

const LEAST_KYVERNO = { major: 1, minor: 19 };
const APPLY = 'apply policies/, or install the chart with policies.enabled';

/** By the Deployment of its admission controller, `name`. */
export function decideKyverno(read: ClusterRead, name: string): Outcome {
  const missing = fails(
    `there is no deployment ${name}`,
    'install Kyverno, or say where it is with --kyverno NAMESPACE/NAME',
  );
  const deployment = foundObject(read, `deployment ${name}`, missing);
  if ('status' in deployment) return deployment;
  const { object } = deployment;
  const containers = listOf(readField(object, 'spec', 'template', 'spec', 'containers'));
  const images = containers.map((container) => String(readField(container, 'image')));
  const { major, minor } = images.map(parseVersion).find((found) => found !== undefined) ?? {};
  if (major === undefined || minor === undefined) {
    return notChecked(
      `the images of deployment ${name} do not tell a version: ${images.join(', ')}`,
      'see that it is Kyverno 1.19 or newer',
    );
  }
  const version = `${major}.${minor}`;
  const { major: leastMajor, minor: leastMinor } = LEAST_KYVERNO;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    return fails(
      `Kyverno is ${version}`,
      'upgrade it to 1.19 or newer, which inject-secrets needs',
    );
  }
  const ready = readField(object, 'status', 'readyReplicas');
  return typeof ready === 'number' && ready > 0
    ? ok(`Kyverno ${version}; ready replicas: ${ready}`)
    : fails(
        `no replica of Kyverno ${version} is ready`,
        `see why: kubectl describe pods of ${name}`,
      );
}

const VERSION = /:v?(?<major>\d{1,3})\.(?<minor>\d{1,4})(?:\.[\w.-]{1,100})?(?:@sha256:\w{1,64})?$/;

function parseVersion(image: string): { major: number; minor: number } | undefined {
  const { major, minor } = VERSION.exec(image)?.groups ?? {};
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

/** The MutatingPolicy inject-secrets. `namespace` is Piggy's own: where the policy must read its settings. */
export function decideInjectSecrets(read: ClusterRead, namespace: string): Outcome {
  const missing = fails(
    'there is no MutatingPolicy inject-secrets, so Pods that opt in are refused',
    APPLY,
  );
  const policy = foundObject(read, 'the policy inject-secrets', missing);
  if ('status' in policy) return policy;
  const place = readSettingsNamespace(policy.object);
  if (place !== undefined && place !== namespace) {
    return fails(
      `inject-secrets reads its settings in namespace ${place}, and Piggy runs in ${namespace}`,
      'apply the policies with the right namespace, as the chart does',
    );
  }
  const status = fieldsOf(readField(policy.object, 'status', 'conditionStatus'));
  if (status['ready'] === true) return ok('inject-secrets is there, and Kyverno has it ready');
  const reasons = listOf(status['conditions'])
    .filter((condition) => readField(condition, 'status') !== 'True')
    .map((condition) => `; ${String(readField(condition, 'message'))}`);
  return fails(
    `Kyverno does not have inject-secrets ready${reasons.join('')}`,
    'see why: kubectl describe mutatingpolicy inject-secrets',
  );
}

const SETTINGS = /resource\.Get\("v1", "configmaps", "(?<namespace>[^"]+)", "piggy"\)/;

function readSettingsNamespace(policy: unknown): string | undefined {
  const expressions = listOf(readField(policy, 'spec', 'variables')).map((variable) =>
    String(readField(variable, 'expression')),
  );
  const found = expressions.map((text) => SETTINGS.exec(text)?.groups?.['namespace']);
  return found.find((text) => text !== undefined);
}

export type AdmissionPolicyReads = { readonly policy: ClusterRead; readonly binding: ClusterRead };

/** A ValidatingAdmissionPolicy of ours, which does nothing without its binding. */
export function decideAdmissionPolicy(name: string, reads: AdmissionPolicyReads): Outcome {
  const noPolicy = fails(`there is no ValidatingAdmissionPolicy ${name}`, APPLY);
  const policy = foundObject(reads.policy, `the policy ${name}`, noPolicy);
  if ('status' in policy) return policy;
  const noBinding = fails(`${name} has no binding, so it refuses nothing`, APPLY);
  const binding = foundObject(reads.binding, `the binding ${name}`, noBinding);
  if ('status' in binding) return binding;
  return listOf(readField(binding.object, 'spec', 'validationActions')).includes('Deny')
    ? ok(`${name} is there, and bound to deny`)
    : fails(`the binding ${name} does not deny`, 'set its validationActions to [Deny]');
}
