// Answers a container that starts: who asks, may it start now, may it have this secret; then the values it refers to.

import { ProviderError } from '../errors.ts';
import type { KubernetesClient } from '../kubernetes/api-client.ts';
import { parsePod } from '../kubernetes/pods.ts';
import type { PodIdentity } from '../kubernetes/token-review.ts';
import {
  decideGrant,
  targetOf,
  type AccessDecision,
  type AccessPolicy,
  type Grant,
} from '../secrets/grant.ts';
import type { ReadSecrets } from '../secrets/read-secrets.ts';
import { versionText, type SecretSource } from '../secrets/source.ts';
import type { SelectedValues } from '../secrets/values.ts';
import {
  decidePod,
  decideReferences,
  decideSignature,
  decideStart,
  selectContainer,
  type Decision,
} from './decide-launch.ts';
import { describeKeys } from './audit.ts';
import { createIdentityReader } from './identity.ts';
import type { DecideRate, RateDecision } from './launch-rates.ts';
import { parseLaunchRequest } from './launch-request.ts';
import { parseLaunchSettings, type LaunchDefaults } from './launch-settings.ts';
import { createLaunchWindow } from './launch-window.ts';
import type { PodLimit } from './pod-limit.ts';
import type { AdmitReview } from './review-limit.ts';
import type { LaunchToken } from './token.ts';

/** What is known of a request so far, for its audit line. */
export type LaunchFacts = {
  readonly namespace?: string;
  readonly pod?: string;
  readonly podUid?: string;
  readonly container?: string;
  readonly serviceAccount?: string;
  readonly secretId?: string;
  readonly secretVersion?: string;
  readonly parameterPath?: string;
  readonly region?: string;
  readonly references?: number;
  /** What the references name; told of a Pod that is known, and cut where there are many. */
  readonly keys?: readonly string[];
  /** The access rule, or default, that allowed it, and the AWS role that it names. */
  readonly rule?: string;
  readonly roleArn?: string;
};

export type LaunchQuestion = {
  readonly token: LaunchToken;
  readonly body: unknown;
  /** Of the client, by its connection. */
  readonly address: string;
};

export type LaunchContext<Answer> = {
  readonly signal: AbortSignal;
  /** Told what is known so far, so that a refusal can be logged with who and what. */
  readonly note: (facts: LaunchFacts) => void;
  /** Called while the start does not count as answered yet. Throws `rate_limited` where the answer cannot be sent now. */
  readonly answer: (values: SelectedValues) => Answer;
};

/** Throws ProviderError with a LaunchErrorCode. */
export type ReadLaunchValues = <Answer>(
  question: LaunchQuestion,
  context: LaunchContext<Answer>,
) => Promise<Answer>;

export type LaunchDependencies = {
  readonly kubernetes: Pick<KubernetesClient, 'reviewToken' | 'readPod'>;
  readonly admitReview: AdmitReview;
  readonly podLimit: PodLimit;
  readonly readSecrets: ReadSecrets;
  /** The access rules of this moment. */
  readonly accessPolicy: () => AccessPolicy;
  readonly observeAccess: (decision: 'allowed' | 'denied', rule: string) => void;
  readonly decideRate: DecideRate;
  readonly defaults: LaunchDefaults;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

export function createLaunchValuesReader(dependencies: LaunchDependencies): ReadLaunchValues {
  const { kubernetes, admitReview, podLimit, readSecrets, defaults, now } = dependencies;
  const { reviewToken } = kubernetes;
  const readIdentity = createIdentityReader({ reviewToken, admitReview, now });
  const launchWindow = createLaunchWindow({ now });

  // The numbers are those of the checks in docs/architecture.md; nothing is fetched from AWS before all of them passed
  // but the last, which is about the secret itself.
  return async ({ token, body, address }, { signal, note, answer }) => {
    const { uid, signature, references } = parseLaunchRequest(body); // 0
    note({ references: references.length });
    settleRate(podLimit.decideToken(token)); // 0

    const identity = await readIdentity({ token, address }, signal); // 0, 1
    const { serviceAccount } = identity;
    note({ ...describeIdentity(identity), keys: describeKeys(references) });
    settleRate(podLimit.decidePod(identity.pod.uid, token)); // 1

    const found = await kubernetes.readPod(serviceAccount.namespace, identity.pod.name, signal);
    const pod = settle(decidePod(identity, found && parsePod(found))); // 2
    const container = settle(selectContainer(pod, uid)); // 3
    note({ container: container.name });

    const settings = parseLaunchSettings(container.settings, defaults);
    note(describeSource(settings.source));
    if (settings.enforceIntegrity) settle(decideSignature(container, signature)); // 4
    const { uid: podUid, createdAtMs: podCreatedAtMs } = pod;
    const { launchWindowMs: windowMs } = settings;
    const question = { podUid, podCreatedAtMs, windowMs, nowMs: now() };
    const start = settle(decideStart(container, question)); // 5
    settle(launchWindow.decide(start));
    settle(decideReferences(container, references)); // 6

    const { source, enforceServiceAccount: allowListRequired } = settings;
    const policy = dependencies.accessPolicy();
    const decision = decideGrant(policy, serviceAccount, targetOf(source)); // 7
    const grant = settleGrant(decision, dependencies.observeAccess);
    note(describeGrant(grant));
    settleRate(dependencies.decideRate(pod.uid)); // 8

    const secret = { source, references, serviceAccount, allowListRequired, policy, grant };
    const values = await readSecrets(secret, signal) // 7 by AWS's names, 9
      .catch(observeRefusal(grant, dependencies.observeAccess));
    const answered = answer(values);
    settle(launchWindow.closeAfterAnswer(start));
    return answered;
  };
}

function settle<T>(decision: Decision<T>): T {
  if (decision.allowed) return decision.value;
  throw new ProviderError(decision.code, decision.message);
}

function settleGrant(
  decision: AccessDecision,
  observe: LaunchDependencies['observeAccess'],
): Grant {
  observe(decision.allowed ? 'allowed' : 'denied', decision.allowed ? decision.grant.rule : 'none');
  if (decision.allowed) return decision.grant;
  throw new ProviderError('access_denied', decision.message);
}

/** Counts, under the rule by which a secret was fetched, that it was given to nobody. */
function observeRefusal({ rule }: Grant, observe: LaunchDependencies['observeAccess']) {
  return (error: unknown): never => {
    if (error instanceof ProviderError && error.code === 'access_denied') observe('denied', rule);
    throw error;
  };
}

function settleRate(decision: RateDecision): void {
  if (decision.allowed) return;
  const { message, retryAfterSeconds } = decision;
  throw new ProviderError('rate_limited', message, { retryAfterSeconds });
}

function describeGrant({ rule, role }: Grant): LaunchFacts {
  return role === undefined ? { rule } : { rule, roleArn: role.roleArn };
}

function describeIdentity({ serviceAccount, pod }: PodIdentity): LaunchFacts {
  const { namespace, name } = serviceAccount;
  return { namespace, pod: pod.name, podUid: pod.uid, serviceAccount: name };
}

function describeSource(source: SecretSource): LaunchFacts {
  const { region } = source;
  if (source.kind === 'parameterStore') return { parameterPath: source.path, region };
  const { secretId, version } = source;
  return { secretId, secretVersion: versionText(version), region };
}
