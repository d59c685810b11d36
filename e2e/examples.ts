// What examples/ are tried with: what stands in AWS before they are applied, and what their containers must have then. The
// names are those of the files; a scenario has a namespace of its own in place of `shop`.

import { canary } from './secrets.ts';

const password = canary();
const former = canary();
const shared = canary();
const payments = canary();
const restricted = canary();
const token = canary();
const partners = { token, url: 'https://partners.example', region: 'us-east-1' };
const featuresUrl = canary();
const parameters = { DB_PASSWORD: canary(), CACHE_PASSWORD: canary() };

/** In Secrets Manager: the versions of each, the current one last. */
export const secretsOfExamples: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  'shop/api': [{ DB_PASSWORD: former }, { DB_PASSWORD: password, db: { port: 5432 } }],
  'shop/partners': [partners],
  'shared/shop/db': [{ DB_PASSWORD: shared }],
  'payments/shop': [{ DB_PASSWORD: payments, PIGGY_ALLOWED_SA: 'shop:api' }],
  'shop-restricted/default': [{ DB_PASSWORD: restricted }],
};

export const parametersOfExamples: Readonly<Record<string, string>> = {
  '/shop/api/DB_PASSWORD': parameters.DB_PASSWORD,
  '/shop/api/cache/CACHE_PASSWORD': parameters.CACHE_PASSWORD,
  '/shop/features/url': featuresUrl,
};

export type Expected = {
  /** As `kubectl logs` takes it. */
  readonly pod: string;
  readonly namespace?: string;
  readonly container?: string;
  /** Variables, and the arguments as ARGS. */
  readonly values: Readonly<Record<string, string>>;
};

/** By folder. */
export const expectedOfExamples: Readonly<Record<string, readonly Expected[]>> = {
  'first-secret': [
    {
      pod: 'shop-api',
      values: {
        DB_PASSWORD: password,
        DB_PORT: '5432',
        DSN: `postgres://shop:${password}@db.example:5432/shop`,
      },
    },
  ],
  deployment: [{ pod: 'deployment/shop-deployment', values: { DB_PASSWORD: password } }],
  'parameter-store': [{ pod: 'shop-parameters', values: parameters }],
  'several-sources': [
    {
      pod: 'shop-several-sources',
      values: {
        DB_PASSWORD: password,
        PARTNER_TOKEN: token,
        FEATURES_URL: featuresUrl,
        FEATURES_TIMEOUT: '30s',
      },
    },
  ],
  'all-keys': [
    {
      pod: 'shop-all-keys',
      values: { PARTNER_token: token, PARTNER_url: partners.url, PARTNER_region: 'eu-west-1' },
    },
  ],
  'config-map': [
    { pod: 'shop-config-map', values: { DB_HOST: 'db.example', DB_PASSWORD: password } },
  ],
  'init-and-sidecar': [
    {
      pod: 'shop-init-and-sidecar',
      container: 'migrate',
      values: { DB_PASSWORD: password, ARGS: 'migrate' },
    },
    { pod: 'shop-init-and-sidecar', container: 'proxy', values: { DB_PORT: '5432' } },
    { pod: 'shop-init-and-sidecar', values: { DB_PASSWORD: password } },
  ],
  arguments: [
    {
      pod: 'shop-arguments',
      values: { ARGS: `serve --database postgres://api:${password}@db.example:5432/` },
    },
  ],
  version: [{ pod: 'shop-version', values: { DB_PASSWORD: former } }],
  'access-rules': [{ pod: 'shop-access-rules', values: { DB_PASSWORD: shared } }],
  'allowed-service-accounts': [{ pod: 'shop-allowed', values: { DB_PASSWORD: payments } }],
  standalone: [{ pod: 'shop-standalone', values: { DB_PASSWORD: password } }],
  'private-image': [{ pod: 'shop-private-image', values: { DB_PASSWORD: password } }],
  restricted: [
    { pod: 'restricted', namespace: 'shop-restricted', values: { DB_PASSWORD: restricted } },
  ],
};
