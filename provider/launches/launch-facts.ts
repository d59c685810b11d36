// What the audit line tells of a launch: who asked, for what, and by which rule it was decided. Never a value.

import type { PodIdentity } from '../kubernetes/token-review.ts';
import type { Grant } from '../secrets/grant.ts';
import { parameterText } from '../secrets/named-parameters.ts';
import type { SecretQuestion } from '../secrets/read-secrets.ts';
import { versionText, type SecretSource } from '../secrets/source.ts';
import { takesWhole } from '../secrets/whole-secrets.ts';
import type { ContainerSource } from './launch-settings.ts';

/** What is known of a request so far. */
export type LaunchFacts = {
  readonly namespace?: string;
  readonly pod?: string;
  readonly podUid?: string;
  readonly container?: string;
  readonly serviceAccount?: string;
  readonly references?: number;
  /** What the references name; told of a Pod that is known, and cut where there are many. */
  readonly keys?: readonly string[];
  /** Where there are several; of a single one, what is said of it stands beside the others. */
  readonly sources?: readonly SourceFacts[];
} & SourceFacts;

export type SourceFacts = {
  readonly secretId?: string;
  readonly secretVersion?: string;
  readonly parameterPath?: string;
  readonly parameter?: string;
  readonly region?: string;
  /** All of the secret is taken, not single keys. */
  readonly wholeSecret?: true;
  /** The access rule, or default, that allowed it, and the AWS role that it names. */
  readonly rule?: string;
  readonly roleArn?: string;
};

export function describeIdentity({ serviceAccount, pod }: PodIdentity): LaunchFacts {
  const { namespace, name } = serviceAccount;
  return { namespace, pod: pod.name, podUid: pod.uid, serviceAccount: name };
}

export function describeSources(sources: readonly ContainerSource[]): LaunchFacts {
  const [only, ...others] = sources;
  if (only !== undefined && others.length === 0) return describeSource(only);
  return { sources: sources.map(describeSource) };
}

/** Beside what is told of their sources. */
export function describeGrants(questions: readonly SecretQuestion[]): LaunchFacts {
  const [only, ...others] = questions;
  if (only !== undefined && others.length === 0) return describeGrant(only.grant);
  return {
    sources: questions.map((one) => ({ ...describeSource(one), ...describeGrant(one.grant) })),
  };
}

function describeGrant({ rule, role }: Grant): SourceFacts {
  return role === undefined ? { rule } : { rule, roleArn: role.roleArn };
}

function describeSource({ source, references }: ContainerSource): SourceFacts {
  const named = nameParts(source);
  const isWhole = references.some((reference) => takesWhole(source, reference));
  return isWhole ? { ...named, wholeSecret: true } : named;
}

function nameParts(source: SecretSource): SourceFacts {
  const { region } = source;
  switch (source.kind) {
    case 'parameterStore':
      return { parameterPath: source.path, region };
    case 'parameter':
      return { parameter: parameterText(source), region };
    case 'secretsManager':
      return { secretId: source.secretId, secretVersion: versionText(source.version), region };
  }
}
