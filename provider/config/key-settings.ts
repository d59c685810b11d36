// The settings of certificates and the sealing key: who makes them, for which names, how long they hold (docs/certificates.md).

import { optionalSetting, setting } from './setting.ts';
import { absolutePath, boolean, duration, listOf, matching, oneOf } from './value-kinds.ts';

const namespaceName = matching('namespace name', /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/);
const objectName = matching('name of a Kubernetes object', /^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/);
const hostOrAddress = matching(
  'DNS name or IP address',
  /^(?=.{1,253}$)[a-z\d](?:[a-z\d.-]*[a-z\d])?$|^[\da-f:.]*:[\da-f:.]*$/,
);

export const keySettings = {
  PIGGY_ENGINE: setting(
    oneOf('kyverno', 'native'),
    'kyverno',
    'What injects. With `native`, the API server itself, the provider keeps what that policy reads in the ConfigMap `piggy-native`: a copy of the ConfigMap `piggy`, and the CA.',
  ),
  PIGGY_CERTIFICATES: setting(
    oneOf('managed', 'files'),
    'managed',
    'Whether the provider makes and renews its certificates, or reads them from files ([certificates](certificates.md)).',
  ),
  PIGGY_SEALING_KEY: setting(
    oneOf('managed', 'files'),
    'managed',
    'The same for the key that seals messages between Kyverno and the provider.',
  ),
  PIGGY_TLS_DIRECTORY: setting(
    absolutePath,
    '/etc/piggy/tls',
    'With `files`: holds `tls.crt` and `tls.key`; loaded again when they change.',
  ),
  PIGGY_PUBLISH_CA: setting(
    boolean,
    'false',
    'With `files`: whether the `ca.crt` beside them is put into the ConfigMap that the policy reads.',
  ),
  PIGGY_ADMISSION_KEY_FILES: setting(
    listOf(absolutePath, 2),
    '/etc/piggy/admission/key',
    'With `files`: one or two files with a sealing key, the base64 text of `data.key`, undecoded. The first is current; loaded again when they change.',
  ),
  PIGGY_NAMESPACE: optionalSetting(
    namespaceName,
    'Where the provider keeps its objects. In a cluster it is found by itself.',
  ),
  PIGGY_SERVICE_NAME: setting(
    objectName,
    'piggy',
    "The provider's Service: its names are put into the certificate, and so is the host of `PIGGY_ADDRESS`.",
  ),
  PIGGY_CERTIFICATE_NAMES: setting(
    listOf(hostOrAddress, 50),
    '',
    'Further names and addresses for the certificate.',
  ),
  PIGGY_CERTIFICATE_LIFETIME: setting(
    duration({ min: '5s', max: '8760h' }),
    '2160h',
    'Of a serving certificate; it is renewed after two thirds.',
  ),
  PIGGY_CA_LIFETIME: setting(
    duration({ min: '5s', max: '175200h' }),
    '87600h',
    'Of the certificate authority.',
  ),
  PIGGY_SEALING_KEY_ROTATION: setting(
    duration({ min: '1s', max: '8760h' }),
    '720h',
    'How old a sealing key becomes.',
  ),
  PIGGY_SEALING_KEY_OVERLAP: setting(
    duration({ min: '1s', max: '24h' }),
    '1h',
    'How long a former sealing key still verifies.',
  ),
  PIGGY_KEY_POLL: setting(
    duration({ min: '50ms', max: '5m' }),
    '30s',
    'How often each replica looks at these objects. A new sealing key is used after ten times as long.',
  ),
  PIGGY_TLS_SECRET: setting(objectName, 'piggy-tls', 'Secret with the serving certificate.'),
  PIGGY_CA_KEY_SECRET: setting(
    objectName,
    'piggy-ca-key',
    "Secret with the authority's certificate and key.",
  ),
  PIGGY_CA_CONFIG_MAP: setting(
    objectName,
    'piggy-ca',
    'ConfigMap with the bundle of authorities, `ca.crt`; the policy reads it by its default name.',
  ),
  PIGGY_ADMISSION_SECRET: setting(
    objectName,
    'piggy-admission',
    'Secret with the sealing key, `key`; the policy reads it by its default name.',
  ),
} as const;
