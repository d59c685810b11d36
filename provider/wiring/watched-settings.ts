// Files that change while the provider runs: access rules, and where they are not its own, sealing keys and the certificate.

import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { validityOf } from '../keys/key-pair.ts';
import { parseSealingKeys } from '../keys/sealing-keys.ts';
import { watchFiles } from '../http/watched-files.ts';
import { summarizeMistakes } from '../secrets/access-rule-mistake.ts';
import {
  parseAccessRules,
  parseAccessRulesFile,
  type AccessRulesFile,
} from '../secrets/access-rules.ts';
import type { AccessPolicy } from '../secrets/grant.ts';
import type { Servers } from './listeners.ts';
import type { Provider } from './provider.ts';

/** Resolved when they are in use. */
export type UseSealingKeys = (keys: readonly string[]) => Promise<void>;

export async function watchSealingKeys(
  { config, log, readiness }: Provider,
  use: UseSealingKeys,
): Promise<void> {
  await watchFiles({
    paths: config.keys.admissionKeyFiles,
    use: async (texts) => {
      const keys = parseSealingKeys(texts);
      await use(keys);
      readiness.setLoaded('sealing key');
      log.info({ count: keys.length }, 'sealing keys loaded');
    },
    onFailure: (error) => {
      log.warn({ error }, 'the sealing keys cannot be loaded; former ones, if any, stay in use');
    },
  });
}

/**
 * The access rules of each moment. Before the first reading without a mistake nobody may read anything; after it a rule that is
 * wrong takes only itself away, and a file that is wrong changes nothing.
 */
export async function watchAccessRules(provider: Provider): Promise<() => AccessPolicy> {
  const { config, log, readiness } = provider;
  let policy: AccessPolicy = { ...config.access, rules: [], accessDefault: 'deny' };
  let isLoaded = false;
  const useRules = ({ rules, mistakes }: AccessRulesFile) => {
    policy = { ...config.access, rules };
    isLoaded = true;
    readiness.setLoaded('access rules');
    log.info({ count: rules.length }, 'access rules loaded');
    const leftOut = mistakes.length === 0 ? undefined : summarizeMistakes(mistakes);
    tellMistake(provider, leftOut, 'the other rules are in use');
    if (leftOut !== undefined) {
      log.error({ mistake: leftOut }, 'access rules are left out; the other rules are in use');
    }
  };
  await watchFiles({
    paths: [config.accessRulesFile],
    use: ([text = '']) => {
      // Nothing is in use that could go on without a rule: at first all of them must be right.
      if (!isLoaded) parseAccessRules(text);
      useRules(parseAccessRulesFile(text));
    },
    onFailure: (error) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        useRules({ rules: [], mistakes: [] });
        return;
      }
      const mistake = error instanceof RangeError ? error.message : 'the file cannot be read';
      tellMistake(provider, mistake, 'the former ones, if any, stay in use');
      log.error(
        { mistake, error },
        'the access rules are broken; former ones, if any, stay in use',
      );
    },
  });
  return () => policy;
}

/** In the metric and the warning of `/readyz`; `undefined`: there is none any more. */
function tellMistake(
  { metrics, readiness }: Provider,
  mistake: string | undefined,
  consequence: string,
): void {
  metrics.setAccessRulesValid(mistake === undefined);
  const warning = mistake === undefined ? undefined : `${mistake}; ${consequence}`;
  readiness.setWarning('access rules', warning);
}

export async function watchCertificate(
  { config, log, metrics, readiness }: Provider,
  servers: Servers,
): Promise<void> {
  const { tlsDirectory } = config.keys;
  await watchFiles({
    paths: [join(tlsDirectory, 'tls.crt'), join(tlsDirectory, 'tls.key')],
    use: ([certificate = '', privateKey = '']) => {
      const validity = validityOf(new X509Certificate(certificate));
      servers.useCertificate({ certificate, privateKey });
      metrics.setCertificateValidity(validity);
      readiness.setLoaded('certificate');
      log.info({ expiry: validity.notAfter }, 'certificate loaded');
    },
    onFailure: (error) => {
      log.warn({ error }, 'the certificate cannot be loaded; the former one, if any, stays in use');
    },
  });
}
