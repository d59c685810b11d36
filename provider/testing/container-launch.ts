// Launches a container through the checks of the use case, on a Pod and a token that are in order: what its references mean is
// all that can go wrong.

import { ProviderError } from '../errors.ts';
import type { LaunchDefaults } from '../launches/launch-settings.ts';
import type { LaunchFacts } from '../launches/launch-facts.ts';
import { createLaunchValuesReader } from '../launches/read-launch-values.ts';
import { signArgv } from '../launches/signature.ts';
import { AUDIENCE, parseLaunchToken } from '../launches/token.ts';
import type { AccessPolicy } from '../secrets/grant.ts';
import type { ReadSources } from '../secrets/read-sources.ts';
import type { SelectedValues } from '../secrets/values.ts';
import { injectedPod } from './injected-pod.ts';
import { unsignedToken } from './unsigned-token.ts';

const DEFAULTS: LaunchDefaults = {
  launchWindowMs: 120_000,
  enforceIntegrity: true,
  enforceServiceAccount: false,
  annotationsMayWeaken: false,
  region: 'eu-west-1',
};

export type ContainerLaunch = {
  readonly access: AccessPolicy;
  readonly read: ReadSources;
  readonly settings?: Readonly<Record<string, string>>;
  readonly defaults?: Partial<LaunchDefaults>;
};

/** As a container does whose variables are these references, all of them in its spec. */
export async function launchContainer(texts: readonly string[], scenario: ContainerLaunch) {
  const uid = 'a'.repeat(32);
  const env = Object.entries({
    PIGGY_AWS_SECRET_NAME: 'shop/api',
    PIGGY_UID: uid,
    ...scenario.settings,
  });
  // Doubled, as the API server has what no kubelet shall expand.
  const written = texts.map((text, at) => [`V${at}`, `piggy:${text}`.replaceAll('$', '$$$$')]);
  const container = { env: [...env, ...written].map(([name, value]) => ({ name, value })) };
  const containerStatus = { state: { running: { startedAt: new Date() } } };
  const { pod } = injectedPod({ uid, podUid: 'uid-1', container, containerStatus });
  const claim = 'authentication.kubernetes.io/pod';
  const extra = { [`${claim}-name`]: ['api-0'], [`${claim}-uid`]: ['uid-1'] };
  const user = { username: 'system:serviceaccount:shop:api', extra };
  const facts: LaunchFacts[] = [];
  const observed: string[] = [];
  const read = createLaunchValuesReader({
    kubernetes: {
      reviewToken: () =>
        Promise.resolve({ authenticated: true, audiences: [AUDIENCE], user } as never),
      readPod: () => Promise.resolve(pod as never),
    },
    admitReview: () => Promise.resolve(() => undefined),
    podLimit: { decideToken: () => ({ allowed: true }), decidePod: () => ({ allowed: true }) },
    readSources: scenario.read,
    accessPolicy: () => scenario.access,
    observeAccess: (decision, rule) => observed.push(`${decision} ${rule}`),
    decideRate: () => ({ allowed: true }),
    defaults: { ...DEFAULTS, ...scenario.defaults },
    now: Date.now,
  });
  const token = parseLaunchToken(unsignedToken(), Date.now());
  const isNamed = (text: string) => /^(?:all|arn|key|secret|parameter):/.test(text);
  const references = texts.map((text) => (isNamed(text) ? { reference: text } : text));
  const body = { uid, signature: signArgv(['/app', 'serve']), references };
  const note = (more: LaunchFacts) => facts.push(more);
  const question = { token, body, address: '10.1.2.3' };
  const answer = (values: SelectedValues) => values;
  const context = { signal: new AbortController().signal, note, answer };
  const outcome = await read(question, context).then(
    ({ values, missing, hint }) => ({
      values: Object.fromEntries([...values].map(([text, value]) => [text, value.reveal()])),
      missing,
      ...(hint === undefined ? {} : { hint }),
    }),
    (error: unknown) => {
      if (error instanceof ProviderError) return { code: error.code, message: error.message };
      throw error;
    },
  );
  return { outcome, observed, facts: Object.assign({}, ...facts) as LaunchFacts };
}
