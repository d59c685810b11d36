// Files that change while the provider runs: access rules, and where they are not its own, sealing keys and the certificate.

import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { validityOf } from '../keys/key-pair.ts';
import { parseSealingKeys } from '../keys/sealing-keys.ts';
import type { Servers } from '../http/server.ts';
import { watchFiles } from '../http/watched-files.ts';
import { type AccessRule, parseAccessRules } from '../secrets/access-rules.ts';
import type { AccessPolicy } from '../secrets/grant.ts';
import type { Provider } from './provider.ts';

/** The sealing keys of each moment. */
export async function watchSealingKeys({
  config,
  log,
  readiness,
}: Provider): Promise<() => readonly string[]> {
  let keys: readonly string[] = [];
  await watchFiles({
    paths: config.keys.admissionKeyFiles,
    use: (texts) => {
      keys = parseSealingKeys(texts);
      readiness.setLoaded('sealing key');
      log.info({ count: keys.length }, 'sealing keys loaded');
    },
    onFailure: (error) => {
      log.warn({ error }, 'the sealing keys cannot be loaded; former ones, if any, stay in use');
    },
  });
  return () => keys;
}

/** The access rules of each moment; before the first good reading nobody may read anything. */
export async function watchAccessRules({
  config,
  log,
  metrics,
  readiness,
}: Provider): Promise<() => AccessPolicy> {
  let policy: AccessPolicy = { ...config.access, rules: [], accessDefault: 'deny' };
  const useRules = (rules: readonly AccessRule[]) => {
    policy = { ...config.access, rules };
    metrics.setAccessRulesValid(true);
    readiness.setWarning('access rules', undefined);
    readiness.setLoaded('access rules');
    log.info({ count: rules.length }, 'access rules loaded');
  };
  await watchFiles({
    paths: [config.accessRulesFile],
    use: ([text = '']) => {
      useRules(parseAccessRules(text));
    },
    onFailure: (error) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        useRules([]);
        return;
      }
      const mistake = error instanceof RangeError ? error.message : 'the file cannot be read';
      metrics.setAccessRulesValid(false);
      readiness.setWarning('access rules', `${mistake}; the former ones, if any, stay in use`);
      log.error(
        { mistake, error },
        'the access rules are broken; former ones, if any, stay in use',
      );
    },
  });
  return () => policy;
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
