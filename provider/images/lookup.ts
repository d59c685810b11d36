// Decides what is looked up for a question: where, after mirroring, and how; and whether the operator allows it.

import { ProviderError } from '../errors.ts';
import type { PullSecretReference } from '../kubernetes/pull-secrets.ts';
import { meansOwnHost } from './addresses.ts';
import { matchesHostGlob } from './host-glob.ts';
import { selectMirror } from './mirrors.ts';
import { createQuestionBudget, type QuestionBudget } from './question-budget.ts';
import { parseImageReference, type ImageReference } from './reference.ts';
import type { RegistryAccess } from './registry-client.ts';
import type { RegistrySettings } from './registry-settings.ts';

export type ImageQuestion = {
  /** As written in the Pod. */
  readonly reference: string;
  /** Of the Pod: each has its share of the lookups that are done at once. */
  readonly namespace?: string;
  /** Of all images of the Pod together; without one the image has its own. */
  readonly budget?: QuestionBudget;
  /** Empty = all platforms of the image must agree. */
  readonly architectures: readonly string[];
  /** As kubelet's imagePullPolicy Always: a tag is resolved anew. */
  readonly pullAlways: boolean;
  /** Honoured only for hosts that the settings list. */
  readonly skipVerifyRegistry: boolean;
  /** In the order in which they count. */
  readonly pullSecrets: readonly PullSecretReference[];
};

export type Lookup = Omit<ImageQuestion, 'reference' | 'namespace' | 'budget'> &
  Omit<RegistryAccess, 'credential'> & {
    /** Before mirroring; `reference` is what is looked up. */
    readonly written: ImageReference;
    /** Whether what is looked up is each machine itself, and not a registry beside the provider that the operator listed. */
    readonly meansOwnHost: () => boolean;
  };

/** Throws `invalid_image_reference` and `registry_not_allowed`. */
export function parseLookup(question: ImageQuestion, settings: RegistrySettings): Lookup {
  const { namespace = '', budget = createQuestionBudget(), ...rest } = question;
  const written = parseImageReference(question.reference);
  const reference = selectMirror(written, settings.mirrors);
  const { registry } = reference;
  const { allowList } = settings;
  const isAllowed =
    allowList.length === 0 || allowList.some((glob) => matchesHostGlob(glob, registry));
  if (!isAllowed) throw notInAllowList(registry);
  return {
    ...rest,
    asker: { namespace, budget },
    written,
    reference,
    meansOwnHost: () => meansOwnHost(registry) && !isListed(registry, settings.loopbackHosts),
    plainHttp: settings.plainHttpHosts.includes(registry),
    skipVerify: question.skipVerifyRegistry && settings.skipVerifyHosts.includes(registry),
  };
}

function isListed(registry: string, hosts: readonly string[]): boolean {
  // With the port that goes without saying, too.
  return [registry, `${registry}:443`, `${registry}:80`].some((name) => hosts.includes(name));
}

function notInAllowList(registry: string): ProviderError {
  return new ProviderError(
    'registry_not_allowed',
    `registry ${registry} is not in the registry allow-list (PIGGY_REGISTRY_ALLOW_LIST); ` +
      'use an image from a listed registry, or set command',
  );
}
