// Answers a container that starts: who asks, may it start now, may it have this secret; then the values it refers to.

import { ProviderError } from '../errors.ts';
import type { KubernetesClient } from '../kubernetes/api-client.ts';
import { parsePod, type Pod } from '../kubernetes/pods.ts';
import type { AccessPolicy } from '../secrets/grant.ts';
import type { SecretQuestion } from '../secrets/read-secrets.ts';
import { nameSource, type ReadSources } from '../secrets/read-sources.ts';
import type { SelectedValues } from '../secrets/values.ts';
import { decideSource } from '../secrets/whole-secrets.ts';
import {
  decidePod,
  decideReferences,
  decideSignature,
  decideStart,
  decideToken,
  selectContainer,
  type Decision,
} from './decide-launch.ts';
import { describeKeys } from './audit.ts';
import { createIdentityReader } from './identity.ts';
import {
  describeGrants,
  describeIdentity,
  describeSources,
  type LaunchFacts,
} from './launch-facts.ts';
import type { DecideRate, RateDecision } from './launch-rates.ts';
import { parseLaunchRequest } from './launch-request.ts';
import {
  parseLaunchSettings,
  selectSources,
  type ContainerSource,
  type LaunchDefaults,
} from './launch-settings.ts';
import { createLaunchWindow } from './launch-window.ts';
import type { PodLimit } from './pod-limit.ts';
import type { AdmitReview } from './review-limit.ts';
import type { LaunchToken } from './token.ts';

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
  readonly readSources: ReadSources;
  /** The access rules of this moment. */
  readonly accessPolicy: () => AccessPolicy;
  readonly observeAccess: (decision: 'allowed' | 'denied', rule: string) => void;
  readonly decideRate: DecideRate;
  readonly defaults: LaunchDefaults;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

export function createLaunchValuesReader(dependencies: LaunchDependencies): ReadLaunchValues {
  const { kubernetes, admitReview, podLimit, readSources, observeAccess, defaults, now } =
    dependencies;
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
    settle(decideToken(container, identity.container)); // 3

    const sources = selectSources(references, container.settings, defaults);
    const settings = parseLaunchSettings(container.settings, defaults);
    note(describeSources(sources));
    if (settings.enforceIntegrity) settle(decideSignature(container, signature)); // 4
    const { launchWindowMs: windowMs } = settings;
    const question = { ...describeAge(pod), windowMs, nowMs: now() };
    const start = settle(decideStart(container, question)); // 5
    settle(launchWindow.decide(start));
    settle(decideReferences(container, references)); // 6

    const { enforceServiceAccount: allowListRequired } = settings;
    const asker = { serviceAccount, allowListRequired, policy: dependencies.accessPolicy() };
    const questions = sources.map((one) => grantSource(one, asker, observeAccess)); // 7
    note(describeGrants(questions));
    settleRate(dependencies.decideRate(pod.uid)); // 8

    const values = await readSources(questions, { signal, observeAccess }); // 7 by AWS's names, 9
    const answered = answer(values);
    settle(launchWindow.closeAfterAnswer(start));
    return answered;
  };
}

function describeAge({ uid, createdAtMs }: Pod) {
  return { podUid: uid, podCreatedAtMs: createdAtMs };
}

function settle<T>(decision: Decision<T>): T {
  if (decision.allowed) return decision.value;
  throw new ProviderError(decision.code, decision.message);
}

type Asker = Pick<SecretQuestion, 'serviceAccount' | 'allowListRequired' | 'policy'>;

/** Throws `access_denied`. */
function grantSource(
  one: ContainerSource,
  asker: Asker,
  observe: LaunchDependencies['observeAccess'],
): SecretQuestion {
  const decision = decideSource(asker.policy, asker.serviceAccount, one);
  observe(decision.allowed ? 'allowed' : 'denied', decision.allowed ? decision.grant.rule : 'none');
  if (decision.allowed) return { ...one, ...asker, policy: decision.policy, grant: decision.grant };
  throw nameSource(new ProviderError('access_denied', decision.message), one);
}

function settleRate(decision: RateDecision): void {
  if (decision.allowed) return;
  const { message, retryAfterSeconds } = decision;
  throw new ProviderError('rate_limited', message, { retryAfterSeconds });
}
