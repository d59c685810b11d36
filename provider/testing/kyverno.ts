// What Kyverno sends when a Pod needs its images looked up, as the policy writes it.

import { computeMac } from '../admission/sealed-message.ts';

/** The question about one Pod of shop/api without anything special, but for the differences. */
export function createQuestion(differences: Readonly<Record<string, unknown>>): object {
  return {
    nonce: 'n1',
    namespace: 'shop',
    serviceAccount: 'api',
    imagePullSecrets: [],
    extraPullSecret: {},
    skipVerifyRegistry: false,
    architectures: [],
    images: [],
    always: [],
    ...differences,
  };
}

/** The body that carries it. */
export function sealQuestion(question: object, key: string): string {
  const payload = JSON.stringify(question);
  return JSON.stringify({ payload, mac: computeMac(key, 'question', payload) });
}
