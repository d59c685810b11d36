// Answers a container that starts: who asks, may it start now, may it have this secret; then the values it refers to.

import { ProviderError } from '../errors.ts';
import type { KubernetesClient } from '../kubernetes/api-client.ts';
import { parsePod } from '../kubernetes/pods.ts';
import type { PodIdentity } from '../kubernetes/token-review.ts';
import type { AccessPolicy, Grant } from '../secrets/grant.ts';
import type { SecretQuestion } from '../secrets/read-secrets.ts';
import { nameSource, type ReadSources } from '../secrets/read-sources.ts';
import { parameterText } from '../secrets/named-parameters.ts';
import { versionText, type SecretSource } from '../secrets/source.ts';
import type { SelectedValues } from '../secrets/values.ts';
import { decideSource, takesWhole } from '../secrets/whole-secrets.ts';
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

/** What is known of a request so far, for its audit line. */
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
  const { kubernetes, admitReview, podLimit, readSources, defaults, now } = dependencies;
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

    const sources = selectSources(references, container.settings, defaults);
    const settings = parseLaunchSettings(container.settings, defaults);
    note(describeSources(sources.map(describeSource)));
    if (settings.enforceIntegrity) settle(decideSignature(container, signature)); // 4
    const { uid: podUid, createdAtMs: podCreatedAtMs } = pod;
    const { launchWindowMs: windowMs } = settings;
    const question = { podUid, podCreatedAtMs, windowMs, nowMs: now() };
    const start = settle(decideStart(container, question)); // 5
    settle(launchWindow.decide(start));
    settle(decideReferences(container, references)); // 6

    const { enforceServiceAccount: allowListRequired } = settings;
    const asker = { serviceAccount, allowListRequired, policy: dependencies.accessPolicy() };
    const questions = sources.map((one) => grantSource(one, asker, dependencies.observeAccess)); // 7
    note(describeSources(questions.map(describeQuestion)));
    settleRate(dependencies.decideRate(pod.uid)); // 8

    const observeDenied = ({ grant }: SecretQuestion) => {
      // Under the rule by which it was fetched, that it was given to nobody.
      dependencies.observeAccess('denied', grant.rule);
    };
    const values = await readSources(questions, { signal, observeDenied }); // 7 by AWS's names, 9
    const answered = answer(values);
    settle(launchWindow.closeAfterAnswer(start));
    return answered;
  };
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

function describeGrant({ rule, role }: Grant): SourceFacts {
  return role === undefined ? { rule } : { rule, roleArn: role.roleArn };
}

function describeIdentity({ serviceAccount, pod }: PodIdentity): LaunchFacts {
  const { namespace, name } = serviceAccount;
  return { namespace, pod: pod.name, podUid: pod.uid, serviceAccount: name };
}

function describeSources(facts: readonly SourceFacts[]): LaunchFacts {
  const [only, ...others] = facts;
  return only !== undefined && others.length === 0 ? only : { sources: facts };
}

function describeQuestion(question: SecretQuestion): SourceFacts {
  return { ...describeSource(question), ...describeGrant(question.grant) };
}

function describeSource(one: ContainerSource): SourceFacts {
  const whole = one.references.some((reference) => takesWhole(one.source, reference));
  return { ...nameParts(one.source), ...(whole ? { wholeSecret: true } : {}) };
}

function nameParts(source: SecretSource): SourceFacts {
  const { region } = source;
  switch (source.kind) {
    case 'parameterStore':
      return { parameterPath: source.path, region };
    case 'parameter':
      return { parameter: parameterText(source), region };
    case 'secretsManager':
      return {
        secretId: source.secretId,
        secretVersion: versionText(source.version),
        region,
      };
  }
}
